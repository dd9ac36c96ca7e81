/**
 * What must be there, by the switches that have come to an end: read
 * from the record in the Lease, as the next run reads it.
 */
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Write } from '../api/api-server.ts';
import type { Rest } from '../invariants/end-state.ts';

interface Memory {
  id: string;
  from: string;
  to: string;
  phase: string;
  /** Present when it is an adoption. */
  adopts?: object;
  keptOld?: boolean;
}

export interface Ledger {
  readonly rest: Rest;
  /** The switch under way, if one is. */
  readonly unfinished: Memory | undefined;
  hear(write: Write): void;
}

export function createLedger(first: string): Ledger {
  let seen = '';
  let lastText: string | undefined;
  /** What was there before the last switch that was finished: it can be taken back still. */
  let before: Rest | undefined;
  const one = new Set([first]);
  const none = new Set<string>();
  const self: { -readonly [Key in keyof Ledger]: Ledger[Key] } = {
    rest: { live: first, deployments: one, subsets: first === PLAIN ? none : one },
    unfinished: undefined,
    hear({ place, after }) {
      const text = place.resource === resources.leases ? memoryIn(after) : undefined;
      if (text === undefined || text === lastText) return;
      lastText = text;
      const memory = JSON.parse(text) as Memory;
      const isOver = memory.phase === 'switched' || memory.phase === 'undone';
      self.unfinished = isOver ? undefined : memory;
      const now = `${memory.id} ${memory.phase}`;
      if (now === seen) return;
      seen = now;
      if (memory.phase === 'switched') {
        before = self.rest;
        self.rest = switched(self.rest, memory);
      } else if (memory.phase === 'undone') {
        if (before && self.rest.live === memory.to) self.rest = before;
        before = undefined;
      }
    },
  };
  return self;
}

function memoryIn(lease: KubernetesObject | undefined): string | undefined {
  return Object.values(lease?.metadata.annotations ?? {})[0];
}

function switched({ deployments, subsets }: Rest, { from, to, keptOld }: Memory): Rest {
  const after = (names: ReadonlySet<string>) =>
    new Set([...names, to].filter((name) => keptOld === true || name !== from));
  return { live: to, deployments: after(deployments), subsets: after(subsets) };
}
