import type { Activity } from '../shared/quiet.ts';

/** What one look at the app showed. */
export type Look =
  /** It cannot tell when it is done: the quiet rule judges. */
  | { app: 'serving'; activity: Activity }
  /** It drains by its own rule, and will tell. */
  | { app: 'draining' }
  /** It says that it is drained. */
  | { app: 'drained'; outcome: string }
  /** Nothing listens any more, or another process does. */
  | { app: 'gone' }
  /** It does not answer, or not in a way that can be understood. */
  | { app: 'unknown'; reason: string };

/** The app's own account; times are of the sidecar's clock. Parts that are not known are left out. */
export interface Account {
  lastConnectionAt?: number;
  lastRequestAt?: number;
  quietAt?: number;
  signalledAt?: number;
  servedWhileDraining?: number;
  cut?: { requests: number; connections: number };
}

/** A way to see what the app does. */
export interface Watch {
  readonly name: string;
  /**
   * From now on the app should drain: asks it, where it can be asked.
   * False if it is not even known how to see it.
   */
  beginDrain(): Promise<boolean>;
  /** Never rejects, and takes no longer than the look time-out. */
  look(): Promise<Look>;
  /** What the app has told of itself so far. */
  account(): Account;
  /** Whether this watch works for this app; the first answer of `auto`. */
  works(): Promise<boolean>;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
