import { deferred, within } from './deferred.ts';

/** Whether a container is still to run. It only goes forward. */
export class Lifetime {
  #state: 'wanted' | 'stopping' | 'killed' = 'wanted';
  readonly #stopped = new AbortController();
  readonly #stopping = deferred();
  readonly #killing = deferred();

  isWanted(): boolean {
    return this.#state === 'wanted';
  }

  /** Aborted when it is not wanted any more. */
  get signal(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Resolves when nothing is waited for any more. */
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

  /** Lets time pass, in milliseconds, as long as it is wanted. */
  async pause(ms: number): Promise<void> {
    await within(this.#stopping.promise, ms);
  }
}
