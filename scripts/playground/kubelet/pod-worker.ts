import { rmSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { drawMs } from '../network/random.ts';
import type { Container, Pod } from '../pod-types.ts';
import type { RestartPolicy } from './container-record.ts';
import { createContainerRunner, type ContainerRunner } from './container-runner.ts';
import type { KubeletContext } from './context.ts';
import { deferred, within } from './deferred.ts';
import { computePhase, computePodStatus, isNativeSidecar, type PodView } from './pod-status.ts';
import { openSandbox, PROXY_CONTAINER, type PodSandbox } from './pod-sandbox.ts';
import { showsObject } from './volumes.ts';

/** The kubelet's work on one pod, from binding to removal. */
export interface PodWorker {
  readonly sandbox: PodSandbox | undefined;
  runner(container: string | undefined): ContainerRunner | undefined;
  /** The pod object changed: deletion, a shorter grace period. */
  update(pod: Pod): void;
  /** A ConfigMap or Secret changed: if the pod's files show it, they follow after a while. */
  shownChanged(kind: 'ConfigMap' | 'Secret', namespace: string | undefined, name: string): void;
  /** The object is gone although containers may still run (deleted with grace 0): end them. */
  vanish(): void;
  /** Ends everything at once, when the playground ends. */
  kill(): Promise<void>;
  /** Resolves when nothing of the pod is left. */
  readonly gone: Promise<void>;
}

export function startPodWorker(context: KubeletContext, first: Pod): PodWorker {
  const { store, delays, random, network } = context;
  const { namespace, name, uid } = first.metadata;
  let pod = first;
  let sandbox: PodSandbox | undefined;
  let init: ContainerRunner[] = [];
  let main: ContainerRunner[] = [];
  let flushing = false;
  let graceTimer: NodeJS.Timeout | undefined;
  let refreshTimer: NodeJS.Timeout | undefined;
  let deadlineTimer: NodeJS.Timeout | undefined;
  let tokenTimer: NodeJS.Timeout | undefined;
  const ending = deferred<number>();
  const killed = deferred();
  const expired = deferred();
  let isEnding = false;
  let isClosing = false;
  let failure: PodView['failure'];
  const startTime = seconds(new Date());
  const waiting: PodView = emptyView();

  function emptyView(): PodView {
    const view = (spec: Container) => ({
      spec,
      state: {
        waiting: {
          reason: (first.spec?.initContainers?.length ?? 0) > 0 ? 'PodInitializing' : 'ContainerCreating',
        },
      },
      lastState: {},
      ready: false,
      started: false,
      restartCount: 0,
    });
    return {
      pod: first,
      now: startTime,
      startTime,
      sandboxReady: false,
      init: (first.spec?.initContainers ?? []).map(view),
      main: (first.spec?.containers ?? []).map(view),
    };
  }

  function currentView(now: Pod): PodView {
    const views =
      sandbox === undefined
        ? waiting
        : { init: init.map(({ view }) => view), main: main.map(({ view }) => view) };
    const begun = [...views.init, ...views.main].some(
      ({ state, lastState }) => state.waiting === undefined || lastState.terminated,
    );
    return {
      pod: now,
      now: seconds(new Date()),
      startTime,
      sandboxReady: sandbox !== undefined,
      ...(sandbox !== undefined && begun ? { podIp: sandbox.ip } : {}),
      init: views.init,
      main: views.main,
      ...(failure === undefined ? {} : { failure }),
    };
  }

  /** Several changes in one turn of the event loop make one write. */
  function changed(): void {
    if (flushing) return;
    flushing = true;
    setImmediate(() => {
      flushing = false;
      writeStatus();
    });
  }

  function writeStatus(): void {
    // The playground is closing, which does not end the pod: leave the object unchanged.
    if (isClosing) return;
    store.mutate<Pod>(
      'v1/pods',
      namespace,
      name,
      (draft) => {
        if (draft.metadata.uid === uid) draft.status = computePodStatus(currentView(draft));
      },
      { subresource: 'status' },
    );
  }

  async function live(): Promise<void> {
    changed();
    const opened = await openSandbox(context, pod);
    await within(Promise.race([ending.promise, killed.promise]), drawMs(delays.sandbox, random));
    if (!isEnding) {
      const tickerFrom = Date.now() - drawMs(delays.sandbox, random);
      const restartPolicy = pod.spec?.restartPolicy ?? 'Always';
      const runnerFor = (
        container: Container,
        kind: 'init' | 'main' | 'sidecar',
        policy: RestartPolicy,
      ): ContainerRunner =>
        createContainerRunner({
          context,
          pod: () => pod,
          sandbox: opened,
          container,
          kind,
          restartPolicy: policy,
          tickerFrom,
          changed,
        });
      init = (pod.spec?.initContainers ?? []).map((container) =>
        isNativeSidecar(container)
          ? runnerFor(container, 'sidecar', 'Always')
          : runnerFor(container, 'init', restartPolicy === 'Never' ? 'Never' : 'OnFailure'),
      );
      main = (pod.spec?.containers ?? []).map((container) => runnerFor(container, 'main', restartPolicy));
      sandbox = opened;
      changed();
      startDeadline();
      keepTokenFresh(opened);
      await Promise.race([ending.promise, expired.promise, runContainers()]);
    } else {
      sandbox = opened;
    }
    await end();
  }

  function startDeadline(): void {
    const seconds = pod.spec?.activeDeadlineSeconds;
    if (seconds === undefined) return;
    deadlineTimer = setTimeout(() => {
      failure = {
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      };
      context.events.record(pod, { type: 'Normal', ...failure });
      changed();
      expired.resolve();
    }, seconds * 1_000);
    deadlineTimer.unref();
  }

  function refreshIn(ms: number): void {
    refreshTimer ??= setTimeout(() => {
      refreshTimer = undefined;
      sandbox?.volumes.refresh(pod);
    }, ms).unref();
  }

  /** A token is renewed at four fifths of its life. */
  function keepTokenFresh({ volumes }: PodSandbox): void {
    const tokens = (pod.spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
    const lives = tokens.flatMap(({ serviceAccountToken: token }) => token?.expirationSeconds ?? []);
    if (lives.length === 0) return;
    tokenTimer = setInterval(() => volumes.refresh(pod), Math.min(...lives) * 800).unref();
  }

  /**
   * Init containers one after the other, native sidecars among them
   * until they have started, then the apps together.
   */
  async function runContainers(): Promise<void> {
    for (const runner of init) {
      const run = runner.run();
      await (isNativeSidecar(runner.view.spec) ? Promise.race([runner.started, run]) : run);
      if (isEnding || computePhase(currentView(pod)) === 'Failed') return;
    }
    await Promise.all(main.map((runner) => runner.run()));
  }

  /** Ends the pod, after all containers have ended or because it is being deleted. */
  async function end(): Promise<void> {
    if (isEnding) {
      const graceMs = await ending.promise;
      // Writes the status again for its observedGeneration: nothing else changes.
      changed();
      await within(killed.promise, drawMs(delays.deletionSeen, random));
      await stopAll(graceMs);
    } else if (failure !== undefined) {
      await stopAll(graceOf(pod));
    } else {
      await stopSidecars(graceOf(pod), Promise.resolve());
    }
    writeStatus();
    for (const timer of [deadlineTimer, refreshTimer, tokenTimer]) clearTimeout(timer);
    if (sandbox !== undefined) network.release(sandbox.ip);
    // A pod whose containers have all ended stays until it is deleted.
    await Promise.race([ending.promise, killed.promise]);
    await within(killed.promise, drawMs(delays.statusToGone, random));
    clearTimeout(graceTimer);
    if (!isClosing && store.get<Pod>('v1/pods', namespace, name)?.metadata.uid === uid) {
      store.delete('v1/pods', namespace, name, { gracePeriodSeconds: 0, uid });
    }
    if (sandbox !== undefined) rmSync(sandbox.folder, { recursive: true, force: true });
  }

  /** preStop of all containers in parallel; SIGTERM to the apps, then to native sidecars in reverse order. */
  async function stopAll(graceMs: number): Promise<void> {
    const proxy = main.find(
      ({ view }) => view.spec.name === PROXY_CONTAINER && context.sidecars !== undefined,
    );
    const hookWay = new AbortController();
    const appsGone = deferred();
    const sidecars = stopSidecars(graceMs, appsGone.promise);
    const apps = main.concat(init.filter(({ view }) => !isNativeSidecar(view.spec))).map(async (runner) => {
      await runner.stop({
        graceMs,
        message: stopping(runner),
        ...(proxy === undefined || runner === proxy ? {} : { hookSignal: hookWay.signal }),
      });
      // pilot-agent has ended: every httpGet hook that still runs went through it.
      if (runner === proxy) hookWay.abort();
    });
    await Promise.all(apps);
    appsGone.resolve();
    await sidecars;
  }

  async function stopSidecars(graceMs: number, appsGone: Promise<unknown>): Promise<void> {
    let turn = appsGone;
    const stops: Promise<void>[] = [];
    for (const runner of init.filter(({ view }) => isNativeSidecar(view.spec)).reverse()) {
      const stopped = runner.stop({ graceMs, message: stopping(runner), turn });
      stops.push(stopped);
      turn = Promise.all([turn, stopped]);
    }
    await Promise.all(stops);
  }

  const stopping = ({ view }: ContainerRunner): string => `Stopping container ${view.spec.name}`;

  function beginEnding(graceMs: number): void {
    if (isEnding) {
      // Deleted again with less time: the earlier end counts.
      clearTimeout(graceTimer);
      graceTimer = setTimeout(killAll, Math.max(graceMs, delays.minimumGrace));
      graceTimer.unref();
      return;
    }
    isEnding = true;
    ending.resolve(graceMs);
  }

  function killAll(): void {
    for (const runner of [...main, ...init]) runner.kill();
  }

  const gone = live().catch((error: unknown) => {
    failure = { reason: 'KubeletError', message: error instanceof Error ? error.message : String(error) };
    context.events.record(pod, { type: 'Warning', reason: 'Failed', message: failure.message });
    killAll();
    writeStatus();
  });

  return {
    get sandbox() {
      return sandbox;
    },
    runner(container) {
      const all = [...main, ...init];
      return container === undefined ? all[0] : all.find(({ view }) => view.spec.name === container);
    },
    update(next) {
      const before = pod.metadata.deletionGracePeriodSeconds;
      const { labels, annotations } = pod.metadata;
      pod = next;
      // A changed pod is synced soon: then the files of the downward API follow.
      if (!isDeepStrictEqual([labels, annotations], [next.metadata.labels, next.metadata.annotations]))
        refreshIn(100);
      const { deletionTimestamp, deletionGracePeriodSeconds = 30 } = next.metadata;
      if (deletionTimestamp === undefined) return;
      if (before === undefined || deletionGracePeriodSeconds < before)
        beginEnding(deletionGracePeriodSeconds * 1_000);
    },
    shownChanged(kind, changedNamespace, changedName) {
      if (changedNamespace !== namespace || !showsObject(pod, kind, changedName)) return;
      refreshIn(drawMs(delays.volumeRefresh, random));
    },
    vanish: () => beginEnding(0),
    async kill() {
      isClosing = true;
      isEnding = true;
      ending.resolve(0);
      killed.resolve();
      killAll();
      await gone;
    },
    gone,
  };
}

function graceOf(pod: Pod): number {
  return (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1_000;
}

function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
