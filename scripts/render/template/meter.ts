import { type MaybeValue } from './values.ts';

/** Characters of a result that cost one step. */
const CHARACTERS_PER_STEP = 32;

/**
 * The budget of steps for one file, with every template that it inserts: a step is a node executed, an item
 * of a list or map that a function makes, or 32 characters of a text that it makes. This bounds memory too:
 * 5,000,000 steps are 40 MB of items or 320 MB of text.
 */
export class Meter {
  private steps = 0;
  private nesting = 0;
  private readonly limits: { steps: number; nesting: number };

  constructor(limits: { steps: number; nesting: number }) {
    this.limits = limits;
  }

  /** @throws LimitError when the budget is used up */
  spend(steps = 1): void {
    this.steps += steps;
    if (this.steps > this.limits.steps) throw new LimitError(`more than ${this.limits.steps} steps`);
  }

  /**
   * Enters a level of nesting, until `leave`. The limit is well before a stack overflow, which cannot always
   * be caught: one while a pattern is compiled ends the process.
   * @throws LimitError when it is too deep
   */
  enter(): void {
    if (++this.nesting > this.limits.nesting)
      throw new LimitError(`nested more than ${this.limits.nesting} levels deep`);
  }

  leave(): void {
    this.nesting--;
  }

  /** Charges for the result of a function; an argument that is returned unchanged is free. */
  spendOn(made: MaybeValue, args: readonly MaybeValue[]): void {
    if (typeof made === 'string') {
      if (made.length > CHARACTERS_PER_STEP) this.spend(Math.floor(made.length / CHARACTERS_PER_STEP));
    } else if (Array.isArray(made)) {
      if (!args.includes(made)) this.spend(made.length);
    } else if (made instanceof Map && !args.includes(made)) this.spend(made.size);
  }
}

/** A limit was exceeded: the message says which. */
export class LimitError extends RangeError {}
