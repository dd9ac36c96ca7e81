/** The kinds of run, a switch and an adoption. Both are locked, proven, resumed and rolled back alike. */
import type { Cluster } from '../shared/cluster/cluster.ts';
import type { State } from './cluster-state/read-state.ts';
import type { Run, SwitchContext } from './context.ts';
import type { Decision, Wish } from './decide.ts';
import type { SwitchRecord } from './lock/switch-record.ts';
import type { LiveVersion } from './routing/traffic-routing.ts';
import type { NamedPart, Step } from './step.ts';
import type { Words } from './types.ts';

export interface Operation {
  words: Words;
  readState(cluster: Cluster, app: string): Promise<State>;
  whoServes(cluster: Cluster, app: string): Promise<LiveVersion[] | undefined>;
  /** Called after a refused read: throws an error that names the missing rights. */
  explainMissingRights(run: Run, error: unknown): Promise<never>;
  decide(state: State, wish: Wish): Decision;
  /** Further fields of the record of a run that begins. */
  remember?(state: State): Partial<SwitchRecord>;
  preflight: Step;
  /** Checks a roll back: throws the reason against it, returns notes. */
  lookBeforeUndo(context: SwitchContext, state: State): Promise<string[]>;
  /** The steps after the preflight. */
  plan(context: SwitchContext): Step[];
  /** Past the point of no return: the remaining steps. */
  planToTheEnd(): Step[];
  planUndo(context: SwitchContext): NamedPart[];
  /** The parts that a failure rolls back. */
  planWayBack(done: readonly Step[], context: SwitchContext): NamedPart[];
}
