/** A step as data: its writes, and the claim that must hold after them. */
import type { Change } from './changes/change.ts';
import type { SwitchContext } from './context.ts';
import type { Proof } from './proofs/prove-everywhere.ts';
import type { QuietWatch } from './proofs/quiet-watch.ts';
import type { Subject } from './types.ts';

/** The result of a proven claim. */
export interface Proven {
  /** The fact, for the user: `2/2 pods ready`. */
  detail: string;
  proof?: Proof | undefined;
  /** Notes: no reason to stop. */
  notes?: string[] | undefined;
  /** A proof C that this step has begun, for the next step. */
  watch?: QuietWatch | undefined;
}

export interface Claim {
  /** The claim as a dry run prints it; empty: it is not printed. */
  text: string;
  /** Whether it proves that every proxy has the subsets as last written. */
  provesVersions?: boolean;
  /** Waits until the claim holds; throws the reason when it does not. */
  prove(): Promise<Proven>;
}

export interface Phase {
  /** The writes, decided from the current state. Idempotent: what is already so is not written again. */
  changes?(context: SwitchContext): Promise<Change[]>;
  /** What must hold after them. `changes`: the writes of this phase. */
  claim?(context: SwitchContext, changes: readonly Change[]): Claim;
}

export interface Part extends Required<Phase> {
  title(context: SwitchContext): string;
  /** A phase that must be done and hold before the step's own writes. */
  before?: Phase;
  /** A warning, printed right before the first write. */
  warning?(context: SwitchContext): string;
  /** A phase after the step's own. */
  after?: Phase;
}

export interface NamedPart extends Part {
  /** The name for programs: in the report, the journal and the Events. */
  name: string;
  /** True for a read-only step: it gets no Event. */
  changesNothing?: boolean;
  /** The object that the step is about. Default: the one with the routes. */
  subject?(context: SwitchContext): Subject;
}

export interface Step extends NamedPart {
  /** Rolls the step back, with the same proofs. Undefined: nothing to undo. */
  undo?: Part;
  /**
   * Percent of the traffic that the candidate gets. A roll back after this step restores the capacity first.
   */
  share?: number;
  /** What a failure leads to: a roll back, or a stop from which the next run continues. */
  onFailure: 'undo' | 'stop';
  /** True when the step waits by design: no proxy is named as slow for it. */
  waits?: boolean;
}

export const nothing = (): Promise<Change[]> => Promise.resolve([]);

/** A claim that holds already and needs no proof. */
export function alreadySo(detail: string, text = ''): Claim {
  return { text, prove: () => Promise.resolve({ detail }) };
}

/** The context after a claim has been proven: with the revision that it proved. */
export function knowingOf(context: SwitchContext, claim: Claim | undefined): SwitchContext {
  return claim?.provesVersions ? { ...context, lastSeen: context.lastSeen.asProven() } : context;
}

/** The phases of a part in their order. */
export function phasesOf(part: Part): Phase[] {
  return [part.before ?? {}, part, part.after ?? {}];
}

/** The roll back of a step, as a list: empty where there is nothing to undo. */
export function undoOf(step: Step): NamedPart[] {
  const subject = (context: SwitchContext) => step.subject?.(context) ?? context.lastSeen.routesName;
  return step.undo === undefined ? [] : [{ ...step.undo, name: `undo-${step.name}`, subject }];
}
