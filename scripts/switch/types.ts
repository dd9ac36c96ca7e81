/** The options of a switch, its result, and the events it reports. */
import type { Called } from '../shared/called.ts';
import type { Clock } from '../shared/clock.ts';
import type { Cluster } from '../shared/cluster/cluster.ts';
import type { RenderSet } from './changes/render-version.ts';
import type { Proof } from './proofs/prove-everywhere.ts';
import type { Prover } from './proofs/prover.ts';
import type { CreateId } from '../shared/create-id.ts';

export interface SwitchOptions {
  cluster: Cluster;
  app: string;
  /** The version to switch to; with `undo` it may be left out. */
  to?: string | undefined;
  image?: string | undefined;
  /** Values for the templates, as `--set key=value` gives them. */
  set?: Readonly<Record<string, string>> | undefined;
  /** The cluster file whose resource set `version` is the Deployment of one version. */
  clusterFile: string;
  /** Shares of the traffic in percent, ascending, each with evidence before the next. */
  canary?: readonly number[] | undefined;
  /** Evidence from this Prometheus instead of the callers' proxies. */
  prometheus?: string | undefined;
  /** Wait for an approval after each share's evidence. */
  hold?: boolean | undefined;
  /** The number of the candidate's answers that a share needs to be judged. Default 100. */
  leastSample?: number | undefined;
  undo?: boolean | undefined;
  /** Make the version out of a plain Deployment that serves now. */
  adopt?: boolean | undefined;
  /** The owner of the objects (Argo CD, Flux) is paused, though the cluster does not show it. */
  ownerPaused?: boolean | undefined;
  dryRun?: boolean | undefined;
  /** The cluster file to write the end state into; `-`: only print a patch of `clusterFile`. */
  writeValues?: string | undefined;
  /** Leave the current version running after the switch, so that a switch back deploys nothing. */
  keepOld?: boolean | undefined;
  /** Leave a candidate that failed, so that it can be examined. */
  keepFailed?: boolean | undefined;
  /** How long one step may take, in milliseconds. Default 120 s. */
  stepTimeoutMs?: number | undefined;
  /** How long the current version must be unused before it is removed, in milliseconds. Default 1 s. */
  quietMs?: number | undefined;
  istioNamespace?: string | undefined;
  /** Write Kubernetes Events for the steps. Default: no; the command does. */
  events?: boolean | undefined;
  /** How long the operator's Lease lives without renewal, in whole seconds. Default 15. */
  leaseSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** How this command is typed, and its default app. Default: as in this repository. */
  called?: Called | undefined;
  /** Flags that name this cluster in suggested commands, such as ` --context kind`. */
  sameCluster?: string | undefined;
  /** Flags of this switch that the command to continue it repeats: ` --canary 5,25 --hold`. */
  sameWishes?: string | undefined;
  /** For tests: other proofs than those against the live mesh. */
  prover?: Prover | undefined;
  /** For tests: the steps in another order. */
  arrange?: (<T extends { name: string }>(plan: readonly T[]) => T[]) | undefined;
  /** Renders a version's objects. Default: from the templates of `clusterFile`. */
  renderSet?: RenderSet | undefined;
  /** The clock of the run. Default: the machine's. */
  clock?: Clock | undefined;
  /** Creates the ids of the run. Default: random. */
  createId?: CreateId | undefined;
  /** The holder identity in the Lease, unique to this run. Default: from user and machine. */
  identity?: string | undefined;
}

export type Outcome = 'switched' | 'already-there' | 'undone' | 'stopped' | 'planned';

/** A step in the result of a dry run. */
export interface PlannedStep {
  /** The name of the step, as in a step report. */
  name: string;
  title: string;
  /** Diff lines, object by object. */
  changes: string[];
  proof: string;
}

/** The object that a step is about. */
export interface Subject {
  kind: string;
  name: string;
}

export interface StepReport {
  name: string;
  /** Absent for a read-only step. */
  subject?: Subject;
  /** Percent of the traffic that the candidate gets in it. */
  share?: number;
  durationMs: number;
  proxies: number;
  slowest: Proof['slowest'] | undefined;
  detail: string;
  /**
   * Requests that the callers' proxies counted during this step, where they were read: on the current version
   * (shift-traffic, drain-old), or on both versions (canary). Each is counted in one step only.
   */
  requests?: number | undefined;
  /** Notes: no reason to stop. */
  notes?: string[];
}

/** The duration of a finished step, and the requests counted in it. */
export type StepCost = Pick<StepReport, 'durationMs' | 'requests'>;

export interface SwitchResult {
  app: string;
  from: string | undefined;
  to: string | undefined;
  outcome: Outcome;
  /** False: the run did not do what was asked for (exit code 1). */
  ok: boolean;
  steps: StepReport[];
  /** The largest number of proxies in one proof. */
  proxies: number;
  /** The sum of the steps' requests; undefined when no step counted any. */
  requests: number | undefined;
  /** The version or versions that serve now; undefined when they cannot be read. */
  live: string | undefined;
  durationMs: number;
  /** One line: where things stand, and which command comes next. */
  message: string;
  error: string | undefined;
  /** With `dryRun`: what each step would change. */
  plan?: PlannedStep[];
  /** With `writeValues`, at the end of a whole switch or roll back: the result for the cluster file. */
  values?: ValuesReport;
}

/** One value of a cluster file. */
export interface ValueChange {
  key: string;
  from: string;
  to: string;
}

/** A cluster file compared with the cluster. */
export interface ValuesReport {
  file: string;
  /** The changes after which the file describes the cluster's state. */
  changes: ValueChange[];
  /** The same as a patch; empty when there are none. */
  patch: string;
  /** Objects that differ from the cluster even after these changes. */
  differs: string[];
}

export interface Names {
  app: string;
  from: string;
  to: string;
}

/** The texts of a run, by operation. */
export interface Words {
  /** The first line: `Switching coffee-shop from v1 to v2`. */
  begins(kind: 'switch' | 'undo', names: Names, isContinued: boolean): string;
  /** The fact at the end of a switch. Its duration follows. */
  done(names: Names): string;
  /** The next command after it. */
  next(names: Names, options: SwitchOptions, keepsOld: boolean): string;
  /** The fact after a roll back; `again`: the command that tries once more. */
  undone(names: Names, isFailure: boolean, again: string): string;
  /** The fact when a roll back comes too late. */
  tooLate(names: Names): string;
}

/** Receives the events of a run: the terminal, a journal, a test. */
export interface Reporter {
  begin(text: string): void;
  /**
   * `name`: as in the step report. `subject`: the object that the step is about; absent for a read-only step.
   */
  stepStarted(title: string, name: string, subject?: Subject): void;
  progress(text: string): void;
  stepDone(detail: string, cost: StepCost): void;
  stepFailed(detail: string): void;
  /** An indented line below a step: what was undone, a warning. */
  note(text: string): void;
  end(text: string): void;
}
