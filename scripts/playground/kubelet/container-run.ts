import { drawMs } from '../network/random.ts';
import type { ContainerProcess } from './container-process.ts';
import { ContainerProbes } from './container-probes.ts';
import type { ContainerRecord } from './container-record.ts';
import { stopContainer, type StopOptions } from './container-stop.ts';
import { deferred, within } from './deferred.ts';
import type { Lifetime } from './lifetime.ts';

const FRACTION = /\.\d+Z$/;
const timestamp = (): string => new Date().toISOString().replace(FRACTION, 'Z');

/** The end of a run. */
export interface RunEnd {
  code: number;
  /** On the clock of `performance.now()`. */
  endedAtMs: number;
  ranMs: number;
}

/** One run of a container, from its process' start until its end is in the status. */
export class ContainerRun {
  /** `over`: the status shows its end. */
  #phase: 'running' | 'ending' | 'over' = 'running';
  readonly #process: ContainerProcess;
  readonly #record: ContainerRecord;
  readonly #lifetime: Lifetime;
  readonly #probes: ContainerProbes;
  readonly #over = deferred();
  #stopping: Promise<void> | undefined;

  constructor(
    process: ContainerProcess,
    record: ContainerRecord,
    lifetime: Lifetime,
    { onStarted }: { onStarted: () => void },
  ) {
    this.#process = process;
    this.#record = record;
    this.#lifetime = lifetime;
    this.#probes = new ContainerProbes(process, record, {
      onStarted,
      onUnhealthy: (message, graceMs) => void this.stop({ message, graceMs }),
    });
  }

  /** True until the status shows its end. */
  get isRunning(): boolean {
    return this.#phase !== 'over';
  }

  /** Follows the run until the status shows its end. */
  async follow(): Promise<RunEnd> {
    const { options, view } = this.#record;
    const { context, container, pod } = options;
    const [startedAt, since] = [timestamp(), Date.now()];
    const containerId = `playground://${pod().metadata.uid}/${container.name}/${view.restartCount}`;
    this.#record.become({ running: { startedAt } }, { containerId });
    void this.#process.up.then(
      () => this.#begin(),
      () => undefined,
    );
    const { code, signal } = await this.#process.exited;
    const [finishedAt, endedAtMs] = [timestamp(), performance.now()];
    this.#probes.stop(['startup', 'liveness']);
    // The kubelet learns of the end from the runtime a moment later. Until then it probes readiness, and the
    // status is unchanged.
    await within(this.#lifetime.killed, drawMs(context.delays.exitToStatus, context.random));
    this.#probes.stop();
    this.#phase = 'over';
    const terminated = {
      exitCode: code,
      ...(signal === undefined ? {} : { signal }),
      reason: code === 0 ? 'Completed' : 'Error',
      ...this.#message(code),
      ...{ startedAt, finishedAt, containerID: containerId },
    };
    this.#record.logOf(false)?.end();
    this.#record.become({ terminated }, { ready: false, started: false });
    this.#over.resolve();
    return { code, endedAtMs, ranMs: Date.now() - since };
  }

  /** Ends the run and resolves when the status shows it. Idempotent: a second call waits for the first. */
  async stop(stop: StopOptions): Promise<void> {
    if (this.#phase === 'over') return;
    this.#phase = 'ending';
    if (this.#stopping === undefined) {
      this.#probes.stop(['startup', 'liveness']);
      this.#stopping = stopContainer(this.#process, this.#record, this.#lifetime, stop);
    }
    await Promise.all([this.#stopping, this.#over.promise]);
  }

  /** Ends the run like a crash. */
  crash(): void {
    if (this.#phase !== 'over') this.#process.sigkill();
  }

  kill(): void {
    this.#probes.stop();
    this.crash();
  }

  /** The process runs: postStart, then probes. */
  async #begin(): Promise<void> {
    const { postStart } = this.#record.options.container.lifecycle ?? {};
    if (postStart) {
      try {
        await this.#process.hook(postStart, this.#lifetime.signal);
      } catch {
        this.#record.event('Warning', 'FailedPostStartHook', 'PostStartHook failed');
        void this.stop({ graceMs: this.#record.graceMs(), message: 'FailedPostStartHook' });
        return;
      }
    }
    if (this.#phase !== 'over') this.#probes.start();
  }

  #message(code: number): { message?: string } {
    const { container } = this.#record.options;
    const written = this.#process.terminationMessage();
    if (written !== undefined && written !== '') return { message: written };
    const isFromLog = container.terminationMessagePolicy === 'FallbackToLogsOnError' && code !== 0;
    const fromLog = isFromLog ? this.#record.logOf(false)?.tail() : undefined;
    return fromLog === undefined || fromLog === '' ? {} : { message: fromLog };
  }
}
