/** What a switch is told, and what it says while it runs and at the end. */
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
  /** Wait for a person's yes after each share's evidence. */
  hold?: boolean | undefined;
  /** How many answers of the new version a share needs to be judged. Default 100. */
  leastSample?: number | undefined;
  undo?: boolean | undefined;
  /** Make the version out of a plain Deployment that serves now. */
  adopt?: boolean | undefined;
  /** Whoever keeps the objects as its files say (Argo CD, Flux) is paused, though nobody can see it. */
  ownerPaused?: boolean | undefined;
  dryRun?: boolean | undefined;
  /** The cluster file that the end state is written into; `-`: only a patch of `clusterFile` is made. */
  writeValues?: string | undefined;
  /** Leave the old version running, so that the way back deploys nothing. */
  keepOld?: boolean | undefined;
  /** Leave a new version that did not become ready for a look at it. */
  keepFailed?: boolean | undefined;
  /** How long one step may take, in milliseconds. Default 120 s. */
  stepTimeoutMs?: number | undefined;
  /** How long nobody may have used the old version before it is removed, in milliseconds. Default 1 s. */
  quietMs?: number | undefined;
  istioNamespace?: string | undefined;
  /** Write Kubernetes Events for the steps. Default: no; the command does. */
  events?: boolean | undefined;
  /** How long the operator's Lease lives without renewal, in whole seconds. Default 15. */
  leaseSeconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** How this command is typed, and the app it means where none is named. Default: as in this repository. */
  called?: Called | undefined;
  /** Flags that name this cluster in the commands the last line suggests, such as ` --context kind`. */
  sameCluster?: string | undefined;
  /** Flags of this switch that a command that goes on with it says again: ` --canary 5,25 --hold`. */
  sameWishes?: string | undefined;
  /** For tests: other proofs than those against the live mesh. */
  prover?: Prover | undefined;
  /** For tests: the steps in another order. */
  arrange?: (<T extends { name: string }>(plan: readonly T[]) => T[]) | undefined;
  /** Makes a version's objects. Default: from the templates of `clusterFile`. */
  renderSet?: RenderSet | undefined;
  /** Where all time comes from. Default: the machine's. */
  clock?: Clock | undefined;
  /** What makes this run's names. Default: random. */
  createId?: CreateId | undefined;
  /** Who runs it, as the Lease names its holder; no two runs are alike. Default: from user and machine. */
  identity?: string | undefined;
}

export type Outcome = 'switched' | 'already-there' | 'undone' | 'stopped' | 'planned';

/** What a dry run tells of a step. */
export interface PlannedStep {
  /** As the step report of the run will call it. */
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
  /** Absent where it changes nothing. */
  subject?: Subject;
  /** Percent of the traffic that the candidate gets by it. */
  share?: number;
  durationMs: number;
  proxies: number;
  slowest: Proof['slowest'] | undefined;
  detail: string;
  /**
   * Requests that the callers' proxies counted during this step, as far as they were looked at: on the
   * version that is left (shift-traffic, drain-old), or on both (canary). Each is counted in one step only.
   */
  requests?: number | undefined;
  /** Worth knowing, and no reason to stop. */
  notes?: string[];
}

/** What a step that is done took. */
export type StepCost = Pick<StepReport, 'durationMs' | 'requests'>;

export interface SwitchResult {
  app: string;
  from: string | undefined;
  to: string | undefined;
  outcome: Outcome;
  /** False: it did not do what was asked for (exit code 1). */
  ok: boolean;
  steps: StepReport[];
  /** The most proxies that took part in a proof. */
  proxies: number;
  /** The sum of what the steps counted; undefined when none of them did. */
  requests: number | undefined;
  /** The version or versions that serve now, as far as is known. */
  live: string | undefined;
  durationMs: number;
  /** One line: where things stand, and which command comes next. */
  message: string;
  error: string | undefined;
  /** With `dryRun`: what each step would change. */
  plan?: PlannedStep[];
  /** With `writeValues`, where things are at rest: what became of the cluster file. */
  values?: ValuesReport;
}

/** One value of a cluster file. */
export interface ValueChange {
  key: string;
  from: string;
  to: string;
}

/** A cluster file beside the cluster. */
export interface ValuesReport {
  file: string;
  /** What it takes for the file to say what stands in the cluster. */
  changes: ValueChange[];
  /** The same as a patch; empty where it says so already. */
  patch: string;
  /** What stands otherwise in the cluster even then. */
  differs: string[];
}

export interface Names {
  app: string;
  from: string;
  to: string;
}

/** What a run says of itself, by what it is for. */
export interface Words {
  /** The first line: `Switching coffee-shop from v1 to v2`. */
  begins(kind: 'switch' | 'undo', names: Names, isContinued: boolean): string;
  /** What is so now, before how long it took. */
  done(names: Names): string;
  /** Which command comes next then. */
  next(names: Names, options: SwitchOptions, keepsOld: boolean): string;
  /** What is so when it was rolled back; `again`: the command that tries once more. */
  undone(names: Names, isFailure: boolean, again: string): string;
  /** Said where a roll back comes too late. */
  tooLate(names: Names): string;
}

/** Hears what happens; the terminal, a test, nobody. */
export interface Reporter {
  begin(text: string): void;
  /** `name`: as in the step report, for programs. `subject`: the object it is about, where it changes any. */
  stepStarted(title: string, name: string, subject?: Subject): void;
  progress(text: string): void;
  stepDone(detail: string, cost: StepCost): void;
  stepFailed(detail: string): void;
  /** An indented line below a step: what was undone, a warning. */
  note(text: string): void;
  end(text: string): void;
}
