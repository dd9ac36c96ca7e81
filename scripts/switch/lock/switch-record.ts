/** The memory of a switch, in an annotation of the Lease: the next run continues or undoes it anywhere. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { Lease } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import type { RouteId } from '../routing/traffic-routing.ts';

export const ANNOTATION = 'zero-downtime/switch';

/** What an adoption has found: it makes a version of it, or leaves it as it was. */
export interface Adopted {
  /** The Deployment whose pods bear no version. */
  deployment: string;
  /** The pod-template-hash of these pods, which tells them from others. */
  hash: string;
  /** What there was none of: the adoption makes it, and a roll back deletes it. */
  makes: { routes: boolean; subsets: boolean };
  /** Annotations that the Service gets: under which names a switch finds what was there already. */
  annotations: Readonly<Record<string, string>>;
}

export interface SwitchRecord {
  id: string;
  from: string;
  to: string;
  phase: 'running' | 'undoing' | 'switched' | 'undone';
  startedAt: string;
  /** Which run of it is at work, or was last; absent for the first. */
  attempt?: number | undefined;
  /** The revision of the versions that every proxy was proven to have; absent where that is not known. */
  proven?: string | undefined;
  /** What of the candidate was there before the switch began: it is not ours to take away. */
  before?: { deployment: boolean; subset: boolean };
  /** The routes that named the current version when the switch began. Their markers go when it is over. */
  routes?: RouteId[] | undefined;
  /** The old version was left running on purpose. */
  keptOld?: boolean;
  /** It is an adoption. */
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

/** As values of labels are written. A shell takes it for nothing more in a suggested command. */
const NAME = /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;

/** As Kubernetes lets objects be named. */
const OBJECT = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
/** Annotations of ours. */
const OURS = /^zero-downtime\/[a-z-]+$/;

/** Somebody else may have written the annotation. */
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

/** Of no adoption, or of one that is whole: without what it has found nothing can be made of it. */
function isAdoptable({ adopts }: { adopts?: unknown }): boolean {
  if (adopts === undefined) return true;
  const { deployment, hash, makes, annotations } = (adopts ?? {}) as Partial<Record<keyof Adopted, unknown>>;
  const { routes, subsets } = (makes ?? {}) as Partial<Record<keyof Adopted['makes'], unknown>>;
  const areTexts = [deployment, hash].every((text) => typeof text === 'string' && OBJECT.test(text));
  const areKnown = [routes, subsets].every((isMade) => typeof isMade === 'boolean');
  const isNamed = ([key, name]: [string, unknown]) => OURS.test(key) && typeof name === 'string';
  return areTexts && areKnown && Object.entries(annotations ?? {}).every(isNamed);
}

/** Without them a route is known by its marker alone. */
function routesIn({ routes }: { routes?: unknown }): RouteId[] | undefined {
  const isWeight = (weight: unknown) => weight === null || Number.isSafeInteger(weight);
  const isId = (one: Partial<Record<keyof RouteId, unknown>> | null) => {
    const { index, name, weights = [] } = one ?? {};
    const isKnown = Number.isSafeInteger(index) && typeof name === 'string';
    return isKnown && Array.isArray(weights) && weights.every(isWeight);
  };
  return Array.isArray(routes) && routes.every(isId) ? (routes as RouteId[]) : undefined;
}

/** A switch was begun and neither finished nor rolled back. */
export function isUnfinished(
  record: SwitchRecord | undefined,
): record is SwitchRecord & { phase: 'running' | 'undoing' } {
  return record?.phase === 'running' || record?.phase === 'undoing';
}
