/** A step as data: what it will write, and what must be true then. */
import type { Change } from './changes/change.ts';
import type { SwitchContext } from './context.ts';
import type { Proof } from './proofs/prove-everywhere.ts';
import type { QuietWatch } from './proofs/quiet-watch.ts';
import type { Subject } from './types.ts';

/** What a claim has shown. */
export interface Proven {
  /** What is true now, for a person: `2/2 pods ready`. */
  detail: string;
  proof?: Proof | undefined;
  /** A note; no reason to stop. */
  notes?: string[] | undefined;
  /** A proof C that has begun, for the next step. */
  watch?: QuietWatch | undefined;
}

export interface Claim {
  /** As a person reads it before anything is done; empty where it goes without saying. */
  text: string;
  /** It is about the versions that the proxies are told of, as they were written last. */
  provesVersions?: boolean;
  /** Waits until it holds; throws why it does not. */
  prove(): Promise<Proven>;
}

export interface Phase {
  /** What is written, decided from what is read now. A step may be run again: what is already so stays. */
  changes?(context: SwitchContext): Promise<Change[]>;
  /** What must hold then. `changes`: those of this phase, as they were decided. */
  claim?(context: SwitchContext, changes: readonly Change[]): Claim;
}

export interface Part extends Required<Phase> {
  title(context: SwitchContext): string;
  /** What must be done and hold before the first write. */
  before?: Phase;
  /** Printed right before the first write. */
  warning?(context: SwitchContext): string;
  /** The text while the claim is waited for. */
  after?: Phase;
}

export interface NamedPart extends Part {
  /** For programs: the name in the report, the journal and the Events. */
  name: string;
  /** Read-only: no Event is written for it. */
  changesNothing?: boolean;
  /** The object it is about. Default: the one that holds the routes. */
  subject?(context: SwitchContext): Subject;
}

export interface Step extends NamedPart {
  /** Its roll back, with the same proofs. Undefined: nothing to undo. */
  undo?: Part;
  /** Percent of the traffic that the candidate gets. After it, a roll back restores the capacity first. */
  share?: number;
  /** What a failure leads to: a roll back, or a stop from which the next run continues. */
  onFailure: 'undo' | 'stop';
  /** Waiting in it is by design, and no proxy's fault. */
  waits?: boolean;
}

export const nothing = (): Promise<Change[]> => Promise.resolve([]);

/** A claim that needs no proof. */
export function alreadySo(detail: string, text = ''): Claim {
  return { text, prove: () => Promise.resolve({ detail }) };
}

/** What is known once the claim has been proven. */
export function knowingOf(context: SwitchContext, claim: Claim | undefined): SwitchContext {
  return claim?.provesVersions ? { ...context, lastSeen: context.lastSeen.asProven() } : context;
}

/** In the order in which they are done. */
export function phasesOf(part: Part): Phase[] {
  return [part.before ?? {}, part, part.after ?? {}];
}

/** The roll back of a step. */
export function undoOf(step: Step): NamedPart[] {
  const subject = (context: SwitchContext) => step.subject?.(context) ?? context.lastSeen.routesName;
  return step.undo === undefined ? [] : [{ ...step.undo, name: `undo-${step.name}`, subject }];
}
