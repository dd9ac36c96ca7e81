/**
 * Collects changes: `run` is called when none has come for `quietMs`, at the latest `maxMs` after the first.
 * As istiod does with PILOT_DEBOUNCE_AFTER and PILOT_DEBOUNCE_MAX.
 */
export class Debounce {
  readonly #run: () => void;
  readonly #quietMs: number;
  readonly #maxMs: number;
  #timer: NodeJS.Timeout | undefined;
  #first = 0;

  constructor(quietMs: number, maxMs: number, run: () => void) {
    this.#quietMs = quietMs;
    this.#maxMs = maxMs;
    this.#run = run;
  }

  trigger(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#first = now;
    clearTimeout(this.#timer);
    const wait = Math.max(0, Math.min(this.#quietMs, this.#first + this.#maxMs - now));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#run();
    }, wait);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
