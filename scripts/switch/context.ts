/** The context of a run. It is a value: each step gets one with the objects as they were last seen. */
import type { Clock } from '../shared/clock.ts';
import type { Cluster } from '../shared/cluster/cluster.ts';
import type { Service } from '../shared/kubernetes.ts';
import { renderVersion } from './changes/render-version.ts';
import { canServeAgain, findVersion } from './cluster-state/versions.ts';
import type { State } from './cluster-state/read-state.ts';
import type { Decision } from './decide.ts';
import type { CreateId } from '../shared/create-id.ts';
import { guardWrites } from './lock/guarded-cluster.ts';
import type { SwitchRecord } from './lock/switch-record.ts';
import type { Mesh } from './proofs/mesh.ts';
import { createProver } from './proofs/prover.ts';
import type { Deadline, Prover } from './proofs/prover.ts';
import type { QuietWatch } from './proofs/quiet-watch.ts';
import { createMarker } from './routing/marker.ts';
import type { LiveVersion, RouteTarget, TrafficRouting } from './routing/traffic-routing.ts';
import type { Reporter, StepReport, SwitchOptions, Words } from './types.ts';

export type Work = Extract<Decision, { kind: 'switch' | 'undo' }>;

/** What all parts of one run share. */
export interface Run {
  readonly options: SwitchOptions;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly createId: CreateId;
  readonly mesh: Mesh;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  readonly words: Words;
  /** Reads the state of the cluster, as far as this kind of run needs it. */
  readonly readState: () => Promise<State>;
  /** Reads only which versions serve; undefined where that cannot be read. Never throws. */
  readonly whoServes: () => Promise<LiveVersion[] | undefined>;
  /** Renews the Lease right before a write; throws when another run has taken it. */
  readonly renewLease: () => Promise<void>;
  /** Takes work that only the end of the run waits for. Never throws. */
  readonly inBackground: (work: Promise<void>) => void;
  /** Further fields of a record when it is begun. */
  readonly remember?: ((state: State) => Partial<SwitchRecord>) | undefined;
  /** The reports of the steps so far. */
  readonly steps: StepReport[];
  readonly startedMs: number;
}

export interface SwitchContext extends Run {
  readonly prover: Prover;
  readonly app: string;
  readonly namespace: string;
  /** The current version. */
  readonly from: string;
  /** The candidate. */
  readonly to: string;
  /** The names of the Deployments of both versions, existing or to be created. */
  readonly deployments: { readonly from: string; readonly to: string };
  readonly record: SwitchRecord;
  readonly marker: string;
  readonly target: RouteTarget;
  readonly service: Service;
  readonly stepTimeoutMs: number;
  readonly quietMs: number;
  /** Whether the run continues the record of a run that was killed or stopped. */
  readonly continued: boolean;
  /** Whether the current version stays after the switch: `--keep-old`, and it is not deleted already. */
  readonly keepsOld: boolean;
  /** The objects as this switch last read or wrote them: a later difference is somebody else's edit. */
  readonly lastSeen: TrafficRouting;
  /** A proof C that the previous step has begun. */
  readonly watch?: QuietWatch | undefined;
}

export async function createContext(
  run: Run,
  state: State,
  { from, to, record: earlier }: Work,
): Promise<SwitchContext> {
  const { options, cluster, mesh, clock } = run;
  const record: SwitchRecord = (earlier && { ...earlier, attempt: (earlier.attempt ?? 1) + 1 }) ?? {
    id: run.createId(),
    from,
    to,
    phase: 'running',
    startedAt: clock.date().toISOString(),
    proven: state.lastSeen.proven,
    before: {
      deployment: findVersion(state.deployments, to) !== undefined,
      subset: state.lastSeen.has(to),
    },
    routes: state.lastSeen.routesOf(from),
    ...run.remember?.(state),
  };
  return {
    ...run,
    // Guard the plain cluster of the options: a context made from another one must not be guarded twice.
    cluster: guardWrites(options.cluster, run.renewLease),
    prover: options.prover ?? createProver(mesh, clock),
    app: options.app,
    namespace: cluster.namespace,
    from,
    to,
    deployments: {
      // Of the plain one nothing tells the name but the record, once it is deleted.
      from: record.adopts?.deployment ?? (await deploymentName(options, state, from)),
      to: await deploymentName(options, state, to),
    },
    record,
    marker: createMarker(from, to, record.id, record.attempt),
    target: state.target,
    service: state.service,
    stepTimeoutMs: options.stepTimeoutMs ?? 120_000,
    quietMs: options.quietMs ?? 1000,
    continued: earlier !== undefined,
    keepsOld: options.keepOld === true && canServeAgain(findVersion(state.deployments, from)),
    lastSeen: state.lastSeen,
  };
}

/**
 * The name of the existing Deployment, else that of the template set. A set that cannot be rendered is
 * reported by the preflight.
 */
async function deploymentName(options: SwitchOptions, state: State, version: string): Promise<string> {
  const { app } = options;
  const there = findVersion(state.deployments, version);
  const rendered = there ? undefined : await renderVersion(options, { app, version }).catch(() => undefined);
  return (there ?? rendered?.deployment)?.metadata.name ?? `${app}-${version}`;
}

/** The marker that a roll back writes into the routes. */
export function markerBack({ from, to, record }: Pick<SwitchContext, 'from' | 'to' | 'record'>): string {
  return createMarker(to, from, record.id, record.attempt);
}

/** The deadline of a step's proof, and the listener for its progress. */
export function deadlineOf({
  stepTimeoutMs,
  signal,
  reporter,
  clock,
}: Pick<SwitchContext, 'stepTimeoutMs' | 'signal' | 'reporter' | 'clock'>): Deadline {
  return { deadlineMs: stepTimeoutMs, signal, clock, onProgress: (text) => reporter.progress(text) };
}
