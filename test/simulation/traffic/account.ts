/** What became of the requests, and of everything else that must hold: each breach is a violation. */
import type { Story } from '../story.ts';
import type { Timeline } from '../time/timeline.ts';

export interface Account {
  sent: number;
  answered: number;
  /** Lost, and not by the switch: a pod that failed by itself, a proxy that restarted under the request. */
  excused: number;
  readonly violations: readonly string[];
  violate(what: string): void;
}

export function createAccount(timeline: Timeline, story: Story): Account {
  const violations: string[] = [];
  return {
    sent: 0,
    answered: 0,
    excused: 0,
    violations,
    violate(what) {
      story.tell('VIOLATION', () => what);
      violations.push(`at ${(timeline.now() / 1000).toFixed(3)} s: ${what}`);
    },
  };
}
