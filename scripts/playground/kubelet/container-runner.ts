import { createLaunch } from './container-launch.ts';
import type { ContainerLog } from './container-log.ts';
import { ContainerRecord, type ContainerOptions } from './container-record.ts';
import { ContainerRun } from './container-run.ts';
import type { StopOptions } from './container-stop.ts';
import { deferred } from './deferred.ts';
import { Lifetime } from './lifetime.ts';
import type { ContainerView } from './pod-status.ts';
import { createRestartBackOff } from './restart-backoff.ts';

/** Keeps one container of a pod running as its restart policy says, until it is stopped. */
export interface ContainerRunner {
  readonly view: ContainerView;
  /** Starts it; resolves when it will not run any more. */
  run(): Promise<void>;
  /** Resolves when it has started (startup probe passed). */
  readonly started: Promise<void>;
  /** preStop, SIGTERM, SIGKILL in order. Resolves when the container has ended and the status shows it. */
  stop(options: StopOptions): Promise<void>;
  /** SIGKILL at once. */
  kill(): void;
  /** Ends the current run like a crash; the restart policy decides what follows. */
  crash(): void;
  readonly running: boolean;
  logOf(previous: boolean): ContainerLog | undefined;
}

export function createContainerRunner(options: ContainerOptions): ContainerRunner {
  const { restartPolicy } = options;
  const record = new ContainerRecord(options);
  const lifetime = new Lifetime();
  const launch = createLaunch(record, lifetime);
  const backOff = createRestartBackOff(record, lifetime);
  const started = deferred();
  let current: ContainerRun | undefined;

  return {
    view: record.view,
    async run() {
      while (lifetime.isWanted()) {
        const process = await launch();
        if (process === undefined) continue;
        current = new ContainerRun(process, record, lifetime, { onStarted: started.resolve });
        const end = await current.follow();
        const again = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && end.code !== 0);
        if (!again) return;
        if (lifetime.isWanted()) await backOff(end);
      }
    },
    started: started.promise,
    get running() {
      return current?.isRunning === true;
    },
    async stop(stop) {
      lifetime.stop();
      await current?.stop(stop);
    },
    kill() {
      lifetime.kill();
      current?.kill();
    },
    crash: () => current?.crash(),
    logOf: (previous) => record.logOf(previous),
  };
}
