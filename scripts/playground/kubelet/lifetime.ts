import { deferred, within } from './deferred.ts';

/** Whether a container is still to run. This changes in one direction only. */
export class Lifetime {
  #state: 'wanted' | 'stopping' | 'killed' = 'wanted';
  readonly #stopped = new AbortController();
  readonly #stopping = deferred();
  readonly #killing = deferred();

  isWanted(): boolean {
    return this.#state === 'wanted';
  }

  /** Aborted when the container is to stop. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Resolves when the container is killed: all waits end. */
  get killed(): Promise<void> {
    return this.#killing.promise;
  }

  stop(): void {
    if (this.#state === 'wanted') this.#state = 'stopping';
    this.#stopped.abort();
    this.#stopping.resolve();
  }

  kill(): void {
    this.stop();
    this.#state = 'killed';
    this.#killing.resolve();
  }

  /** Waits for a time, in milliseconds; ends early when the container is to stop. */
  async pause(ms: number): Promise<void> {
    await within(this.#stopping.promise, ms);
  }
}
