import path from 'node:path';
import { drawMs } from '../network/random.ts';
import type { Container, Handler, Pod, Probe } from '../pod-types.ts';
import { openContainerLog, type ContainerLog } from './container-log.ts';
import {
  ImageMissingError,
  startContainerProcess,
  startProxyProcess,
  type ContainerProcess,
} from './container-process.ts';
import type { KubeletContext } from './context.ts';
import { deferred, within, type Deferred } from './deferred.ts';
import { ContainerConfigError } from './env.ts';
import type { ContainerView } from './pod-status.ts';
import { PROXY_CONTAINER, type PodSandbox } from './pod-sandbox.ts';
import { startProber, type Prober } from './prober.ts';
import type { ProbeKind } from './probe-counter.ts';
import { VolumeError } from './volumes.ts';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface StopOptions {
  /** Milliseconds for preStop and SIGTERM together. */
  graceMs: number;
  message: string;
  /** Resolves when it is this container's turn for SIGTERM (native sidecars wait for the apps). */
  turn?: Promise<unknown>;
  /** Aborts the hook: its way through a classic sidecar is gone. */
  hookSignal?: AbortSignal;
}

/** Keeps one container of a pod running as its restart policy says, until it is stopped. */
export interface ContainerRunner {
  readonly view: ContainerView;
  /** Starts it; resolves when it will not run any more. */
  run(): Promise<void>;
  /** Resolves when it has started (startup probe passed). */
  readonly started: Promise<void>;
  /** preStop, SIGTERM, SIGKILL in order. Resolves when it is gone and the status knows. */
  stop(options: StopOptions): Promise<void>;
  /** SIGKILL at once. */
  kill(): void;
  /** Ends the current run as a crash does: what comes next is for the restart policy to say. */
  crash(): void;
  readonly running: boolean;
  logOf(previous: boolean): ContainerLog | undefined;
}

export interface RunnerOptions {
  context: KubeletContext;
  /** The pod as it is now. */
  pod: () => Pod;
  sandbox: PodSandbox;
  container: Container;
  restartPolicy: RestartPolicy;
  kind: 'init' | 'sidecar' | 'main';
  tickerFrom: number;
  changed: () => void;
}

const FINISHED_SECONDS = /\.\d+Z$/;
const timestamp = (): string => new Date().toISOString().replace(FINISHED_SECONDS, 'Z');

export function createContainerRunner(options: RunnerOptions): ContainerRunner {
  const { context, sandbox, container, restartPolicy, kind, changed } = options;
  const { delays, random } = context;
  const startedSignal = deferred();
  const isProxy = container.name === PROXY_CONTAINER && context.sidecars !== undefined;
  // pilot-agent drains Envoy when a native sidecar's pod ends; injection writes that as a preStop, whatever its form here.
  const preStop = container.lifecycle?.preStop ?? (isProxy && kind === 'sidecar' ? {} : undefined);
  const abort = new AbortController();
  const view: ContainerView = {
    spec: container,
    state: {
      waiting: {
        reason:
          kind === 'main' && (options.pod().spec?.initContainers?.length ?? 0) > 0
            ? 'PodInitializing'
            : 'ContainerCreating',
      },
    },
    lastState: {},
    ready: false,
    started: false,
    restartCount: 0,
  };
  let current: ContainerProcess | undefined;
  /** Settles when the status of the current run's end has been written. */
  let ended: Deferred | undefined;
  let terminating: Promise<void> | undefined;
  let probers = new Map<ProbeKind, Prober>();
  const logs: ContainerLog[] = [];
  let failuresInRow = 0;
  let imageTries = 0;

  const event = (type: 'Normal' | 'Warning', reason: string, message: string): void => {
    const list = kind === 'main' ? 'containers' : 'initContainers';
    context.events.record(options.pod(), {
      type,
      reason,
      message,
      fieldPath: `spec.${list}{${container.name}}`,
    });
  };

  async function run(): Promise<void> {
    for (;;) {
      if (isStopped()) return;
      const process = await launch();
      if (process === undefined) continue;
      const { code, endedAtMs } = await follow(process);
      const again = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && code !== 0);
      if (isStopped() || !again) return;
      await backOff(endedAtMs);
    }
  }

  /** Starts one run; undefined when that failed and the wait before the next try is over. */
  async function launch(): Promise<ContainerProcess | undefined> {
    const log = openContainerLog(
      path.join(sandbox.folder, 'logs', container.name, `${view.restartCount}.log`),
    );
    const start = { context, pod: options.pod(), sandbox, container, log };
    await context.images.prepare?.(container.image ?? '');
    if (isStopped()) {
      log.end();
      return undefined;
    }
    try {
      const proxy = container.name === PROXY_CONTAINER ? context.sidecars : undefined;
      current = proxy
        ? startProxyProcess(start, proxy, kind === 'sidecar' ? 'native' : 'classic')
        : startContainerProcess(start);
    } catch (error) {
      log.end();
      await refused(error);
      return undefined;
    }
    logs.unshift(log);
    logs.splice(2);
    imageTries = 0;
    event(
      'Normal',
      'Pulled',
      `Container image "${container.image ?? ''}" already present on machine and can be accessed by the pod`,
    );
    event('Normal', 'Created', 'Container created');
    event('Normal', 'Started', 'Container started');
    return current;
  }

  /** Lives with one run until its end is in the status; returns its exit code, and when it ended (`performance.now()`). */
  async function follow(process: ContainerProcess): Promise<{ code: number; endedAtMs: number }> {
    const startedAt = timestamp();
    const since = Date.now();
    const done = deferred();
    ended = done;
    view.containerId = `playground://${options.pod().metadata.uid}/${container.name}/${view.restartCount}`;
    view.state = { running: { startedAt } };
    changed();
    void process.up.then(
      () => begin(process),
      () => undefined,
    );
    const { code, signal } = await process.exited;
    const [finishedAt, endedAtMs] = [timestamp(), performance.now()];
    stopProbers(['startup', 'liveness']);
    // The kubelet learns of it from the runtime a moment later; until then readiness is asked and the status unchanged.
    await within(killedSignal.promise, drawMs(delays.exitToStatus, random));
    stopProbers(['readiness']);
    current = undefined;
    view.ready = false;
    view.started = false;
    view.state = {
      terminated: {
        exitCode: code,
        ...(signal === undefined ? {} : { signal }),
        reason: code === 0 ? 'Completed' : 'Error',
        ...messageOf(process, code),
        startedAt,
        finishedAt,
        containerID: view.containerId,
      },
    };
    logs[0]?.end();
    if (Date.now() - since > delays.restartBackoffReset) failuresInRow = 0;
    terminating = undefined;
    changed();
    done.resolve();
    return { code, endedAtMs };
  }

  function messageOf(process: ContainerProcess, code: number): { message?: string } {
    const written = process.terminationMessage();
    if (written !== undefined && written !== '') return { message: written };
    const fromLog =
      container.terminationMessagePolicy === 'FallbackToLogsOnError' && code !== 0
        ? logs[0]?.tail()
        : undefined;
    return fromLog === undefined || fromLog === '' ? {} : { message: fromLog };
  }

  /** The process runs: postStart, then probes. */
  async function begin(process: ContainerProcess): Promise<void> {
    if (container.lifecycle?.postStart) {
      try {
        await process.hook(container.lifecycle.postStart, abort.signal);
      } catch {
        event('Warning', 'FailedPostStartHook', 'PostStartHook failed');
        void terminate({ graceMs: graceOf(undefined), message: 'FailedPostStartHook' });
        return;
      }
    }
    if (current !== process) return;
    if (container.startupProbe === undefined) becomeStarted();
    if (container.readinessProbe === undefined) view.ready = view.started;
    changed();
    probers = new Map();
    for (const probeKind of ['startup', 'readiness', 'liveness'] as const) {
      const probe = container[`${probeKind}Probe`];
      if (probe !== undefined) probers.set(probeKind, probeOf(process, probeKind, probe));
    }
  }

  function becomeStarted(): void {
    view.started = true;
    if (container.readinessProbe === undefined) view.ready = true;
    startedSignal.resolve();
    changed();
  }

  function probeOf(process: ContainerProcess, probeKind: ProbeKind, probe: Probe): Prober {
    return startProber({
      kind: probeKind,
      probe,
      tickerFrom: options.tickerFrom,
      check: (one, timeoutMs) => process.check(one, timeoutMs),
      enabled: () => probeKind === 'startup' || view.started,
      onFailure(output) {
        const name = `${probeKind[0]?.toUpperCase() ?? ''}${probeKind.slice(1)}`;
        event('Warning', 'Unhealthy', `${name} probe failed: ${output}`);
      },
      onResult(result) {
        if (probeKind === 'readiness') {
          view.ready = result === 'success';
          changed();
        } else if (result === 'failure') {
          const message = `Container ${container.name} failed ${probeKind} probe, will be restarted`;
          void terminate({ graceMs: graceOf(probe), message });
        } else if (probeKind === 'startup') {
          stopProbers(['startup']);
          becomeStarted();
          // Not a whole period later: a sidecar's readiness period is 15 s.
          // https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/kubelet/prober/prober_manager.go (manualTriggerCh)
          probers.get('readiness')?.trigger();
        }
      },
    });
  }

  function graceOf(probe: Probe | undefined): number {
    return (
      (probe?.terminationGracePeriodSeconds ?? options.pod().spec?.terminationGracePeriodSeconds ?? 30) *
      1_000
    );
  }

  function stopProbers(kinds: ProbeKind[]): void {
    for (const probeKind of kinds) {
      probers.get(probeKind)?.stop();
      probers.delete(probeKind);
    }
  }

  /** The image or the configuration is missing: wait, then let the caller try again. */
  async function refused(error: unknown): Promise<void> {
    const image = container.image ?? '';
    if (error instanceof ImageMissingError) {
      const message = `failed to pull and unpack image "${image}": not found. Images here are the folders of services/ that have a main.ts.`;
      if (imageTries === 0) event('Normal', 'Pulling', `Pulling image "${image}"`);
      event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
      event('Warning', 'Failed', 'Error: ErrImagePull');
      view.state = { waiting: { reason: 'ErrImagePull', message } };
      changed();
      const backOffMs = Math.min(delays.imageBackoff * 2 ** imageTries, delays.restartBackoffMax);
      imageTries += 1;
      // As the kubelet's next sync, which finds the back-off.
      await pause(Math.min(1_000, backOffMs / 2));
      if (isStopped()) return;
      event('Normal', 'BackOff', `Back-off pulling image "${image}"`);
      event('Warning', 'Failed', 'Error: ImagePullBackOff');
      view.state = { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` } };
      changed();
      await pause(backOffMs);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof VolumeError) {
      // The pod as a whole waits, as it did: ContainerCreating.
      context.events.record(options.pod(), { type: 'Warning', reason: 'FailedMount', message });
      await pause(delays.imageBackoff);
      return;
    }
    const reason = error instanceof ContainerConfigError ? 'CreateContainerConfigError' : 'RunContainerError';
    event('Warning', 'Failed', `Error: ${message}`);
    view.state = { waiting: { reason, message } };
    changed();
    await pause(delays.imageBackoff);
  }

  /** After a run ended and before the next: nothing the first time, then 10 s, 20 s, ... from its end, however late the status told of it. */
  async function backOff(endedAtMs: number): Promise<void> {
    view.lastState = view.state;
    view.restartCount += 1;
    failuresInRow += 1;
    if (failuresInRow === 1) return;
    const backOffMs = Math.min(delays.restartBackoff * 2 ** (failuresInRow - 2), delays.restartBackoffMax);
    const { name, namespace = '', uid } = options.pod().metadata;
    event(
      'Warning',
      'BackOff',
      `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`,
    );
    view.state = {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off ${backOffMs / 1_000}s restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`,
      },
    };
    changed();
    await pause(Math.max(0, backOffMs - (performance.now() - endedAtMs)));
  }

  async function pause(ms: number): Promise<void> {
    await within(stoppedSignal.promise, ms);
  }

  const stoppedSignal = deferred();
  const killedSignal = deferred();
  const isStopped = (): boolean => abort.signal.aborted;

  /** Ends the current run: preStop, SIGTERM, SIGKILL. Joined, not repeated, by a second caller. */
  async function terminate(stop: StopOptions): Promise<void> {
    const process = current;
    if (process === undefined || ended === undefined) return;
    terminating ??= endProcess(process, stop);
    await Promise.all([terminating, ended.promise]);
  }

  async function endProcess(process: ContainerProcess, stop: StopOptions): Promise<void> {
    const begun = Date.now();
    const leftMs = (): number => stop.graceMs - (Date.now() - begun);
    event('Normal', 'Killing', stop.message);
    stopProbers(['startup', 'liveness']);
    const hook = preStop;
    if (hook !== undefined && stop.graceMs > 0) {
      await within(
        Promise.race([runPreStop(process, hook, stop), process.exited, killedSignal.promise]),
        leftMs(),
      );
      await within(process.exited, drawMs(delays.preStopToSigterm, random));
    }
    if (stop.turn !== undefined) await within(Promise.race([stop.turn, killedSignal.promise]), leftMs());
    process.sigterm();
    const graceful = within(process.exited, Math.max(leftMs(), delays.minimumGrace));
    if (!(await Promise.race([graceful, killedSignal.promise.then(() => false)]))) process.sigkill();
  }

  async function runPreStop(process: ContainerProcess, hook: Handler, stop: StopOptions): Promise<void> {
    try {
      await process.hook(hook, stop.hookSignal ?? new AbortController().signal);
    } catch {
      event('Warning', 'FailedPreStopHook', 'PreStopHook failed');
    }
  }

  return {
    view,
    run,
    started: startedSignal.promise,
    get running() {
      return current !== undefined;
    },
    async stop(stop) {
      abort.abort();
      stoppedSignal.resolve();
      await terminate(stop);
    },
    kill() {
      abort.abort();
      stoppedSignal.resolve();
      killedSignal.resolve();
      stopProbers(['startup', 'readiness', 'liveness']);
      current?.sigkill();
    },
    crash: () => current?.sigkill(),
    logOf: (previous) => logs[previous ? 1 : 0],
  };
}
