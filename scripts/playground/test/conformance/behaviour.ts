import type { Kit } from './kit.ts';

/** One thing a cluster does, and where it is written that it does it. */
export interface Behaviour {
  /** A sentence about the cluster. */
  name: string;
  /** Recording (a file where it is kept in `test/fixtures`) or document that says so. */
  source: string;
  /** Where the playground does it otherwise, in words; without it, it does the same. */
  difference?: string;
  /** What not every cluster has. */
  needs?: 'istio';
  /** Throws when the cluster does otherwise. */
  run: (kit: Kit) => Promise<void>;
}

/**
 * The cluster has said itself that it lacks what the behaviour is about: no failure, and its reason is told.
 */
export class NotOffered extends Error {
  override name = 'NotOffered';
}

/** Behaviours that belong together: a section of the table. */
export interface Chapter {
  title: string;
  behaviours: Behaviour[];
}
