/**
 * The record of a switch, in an annotation of the Lease. The next run, on any machine, continues or undoes
 * it.
 */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Lease } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import type { RouteId } from '../routing/traffic-routing.ts';

export const ANNOTATION = 'zero-downtime/switch';

/** What an adoption found before its first write. A roll back restores it. */
export interface Adopted {
  /** The Deployment whose pods have no version label. */
  deployment: string;
  /** The pod-template-hash of these pods, by which the plain subset selects them. */
  hash: string;
  /** The objects that did not exist: the adoption creates them, a roll back deletes them. */
  makes: { routes: boolean; subsets: boolean };
  /** Annotations for the Service: the names by which a switch finds the objects that existed already. */
  annotations: Readonly<Record<string, string>>;
}

export interface SwitchRecord {
  id: string;
  from: string;
  to: string;
  phase: 'running' | 'undoing' | 'switched' | 'undone';
  startedAt: string;
  /** The number of the current or last run of the switch; absent for the first. */
  attempt?: number | undefined;
  /** The revision of the subsets that every proxy was proven to have; absent where unknown. */
  proven?: string | undefined;
  /** What existed of the candidate before the switch began: a roll back must not delete it. */
  before?: { deployment: boolean; subset: boolean };
  /** The routes that named the current version when the switch began. Its end removes their markers. */
  routes?: RouteId[] | undefined;
  /** Whether `--keep-old` left the version running that was switched from. */
  keptOld?: boolean;
  /** Present for an adoption. */
  adopts?: Adopted | undefined;
}

export function leaseName(app: string): string {
  return `switch-${app}`;
}

export async function readLease(cluster: Cluster, app: string): Promise<Lease | undefined> {
  return cluster.get<Lease>(resources.leases, leaseName(app));
}

export function readRecord(lease: Lease | undefined): SwitchRecord | undefined {
  const text = lease?.metadata.annotations?.[ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value) || !isAdoptable(value)) return undefined;
    return { ...value, routes: routesIn(value) };
  } catch {
    return undefined;
  }
}

/** The syntax of a label value. It needs no quotes in a suggested shell command. */
const NAME = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

/** The syntax of an object name. */
const OBJECT = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
/** The keys of this project's annotations. */
const OURS = /^zero-downtime\/[a-z-]+$/;

/** Checks the parsed annotation: anybody may have edited it. */
function isRecord(value: unknown): value is SwitchRecord {
  const fields = (value ?? {}) as Partial<Record<keyof SwitchRecord, unknown>>;
  const { id, from, to, phase, startedAt, attempt = 1, proven = '' } = fields;
  return (
    [id, from, to].every((name) => typeof name === 'string' && NAME.test(name)) &&
    ['running', 'undoing', 'switched', 'undone'].includes(String(phase)) &&
    typeof startedAt === 'string' &&
    /^[\dT:.Z+-]*$/.test(startedAt) &&
    Number.isSafeInteger(attempt) &&
    Number(attempt) >= 1 &&
    typeof proven === 'string'
  );
}

/** Whether the record is of no adoption, or of one with all fields: a partial one cannot be continued. */
function isAdoptable({ adopts }: { adopts?: unknown }): boolean {
  if (adopts === undefined) return true;
  const { deployment, hash, makes, annotations } = (adopts ?? {}) as Partial<Record<keyof Adopted, unknown>>;
  const { routes, subsets } = (makes ?? {}) as Partial<Record<keyof Adopted['makes'], unknown>>;
  const areTexts = [deployment, hash].every((text) => typeof text === 'string' && OBJECT.test(text));
  const areKnown = [routes, subsets].every((isMade) => typeof isMade === 'boolean');
  const isNamed = ([key, name]: [string, unknown]) => OURS.test(key) && typeof name === 'string';
  return areTexts && areKnown && Object.entries(annotations ?? {}).every(isNamed);
}

/** The routes in the record; undefined: routes are then recognised by their markers alone. */
function routesIn({ routes }: { routes?: unknown }): RouteId[] | undefined {
  const isWeight = (weight: unknown) => weight === null || Number.isSafeInteger(weight);
  const isId = (one: Partial<Record<keyof RouteId, unknown>> | null) => {
    const { index, name, weights = [] } = one ?? {};
    const isKnown = Number.isSafeInteger(index) && typeof name === 'string';
    return isKnown && Array.isArray(weights) && weights.every(isWeight);
  };
  return Array.isArray(routes) && routes.every(isId) ? (routes as RouteId[]) : undefined;
}

/** Whether the switch was begun and neither finished nor rolled back. */
export function isUnfinished(
  record: SwitchRecord | undefined,
): record is SwitchRecord & { phase: 'running' | 'undoing' } {
  return record?.phase === 'running' || record?.phase === 'undoing';
}
