import type { Clock } from '../shared/clock.ts';

export const states = ['starting', 'ready', 'draining', 'quiet', 'closing', 'closed'] as const;
export type State = (typeof states)[number];

/** The pod's state, and when each state was entered. Transitions only go forward. */
export interface Lifecycle {
  readonly state: State;
  /** Clock time at which each state reached so far was entered. */
  readonly enteredAt: ReadonlyMap<State, number>;
  /** Enters `state`; a state already passed is ignored, and answered with false. */
  enter(state: State): boolean;
  has(state: State): boolean;
}

export function createLifecycle(clock: Clock, onEnter: (state: State) => void = () => undefined): Lifecycle {
  let current: State = 'starting';
  const enteredAt = new Map<State, number>([[current, clock.now()]]);
  return {
    get state() {
      return current;
    },
    enteredAt,
    enter(state) {
      if (states.indexOf(state) <= states.indexOf(current)) return false;
      current = state;
      enteredAt.set(state, clock.now());
      onEnter(state);
      return true;
    },
    has: (state) => states.indexOf(current) >= states.indexOf(state),
  };
}
