/** What a run is for: a switch, or an adoption. It is locked, proven, resumed and rolled back alike. */
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
  /** After a read that was refused: throws which rights are missing. */
  explainMissingRights(run: Run, error: unknown): Promise<never>;
  decide(state: State, wish: Wish): Decision;
  /** What the record of a run that begins remembers besides. */
  remember?(state: State): Partial<SwitchRecord>;
  preflight: Step;
  /** Throws what speaks against a roll back; gives what is worth knowing. */
  lookBeforeUndo(context: SwitchContext, state: State): Promise<string[]>;
  /** All that follows the preflight. */
  plan(context: SwitchContext): Step[];
  /** Too late to go back: whatever has been done, the rest of the way. */
  planToTheEnd(): Step[];
  planUndo(context: SwitchContext): NamedPart[];
  /** What a failure rolls back. */
  planWayBack(done: readonly Step[], context: SwitchContext): NamedPart[];
}
