/** Starts and ends pods in virtual time, and tells the API server a little later. */
import type { Pod } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { ObjectStore, Place } from '../api/object-store.ts';
import type { Story } from '../story.ts';
import type { Prng } from '../time/prng.ts';
import type { Timeline } from '../time/timeline.ts';
import type { PodRegistry, SimulatedPod } from './pods.ts';

/** What becomes of a pod. */
export interface PodPlan {
  /** From its creation until its containers run, in milliseconds. */
  startMs: number;
  /** From then until it serves, in milliseconds; Infinity: it never does. */
  warmUpMs: number;
  /** How often its process ends at its start before it stays. */
  crashes: number;
  /** So long it serves, in milliseconds, then it fails by itself. */
  failsAfterMs?: number | undefined;
}

export interface Kubelet {
  start(
    pod: Pod,
    plan: PodPlan,
    life: Pick<SimulatedPod, 'version' | 'owner'> & { onStart?: () => void; onEnd?: () => void },
  ): SimulatedPod;
  /** Ends it as its API object is deleted: its process ends at SIGTERM, whoever still sends. */
  end(pod: SimulatedPod): void;
  /** Ends it as an app that drains: it is taken away, and whoever sends to it still is answered. */
  drain(pod: SimulatedPod): void;
  /** Whatever keeps a pod from serving is mended. */
  mend(): void;
  /** Hears when a pod begins or ceases to be ready in the API server's eyes, or is gone. */
  onReadiness: (() => void) | undefined;
  /** Hears when a pod fails by itself. */
  onFailure: ((pod: SimulatedPod) => void) | undefined;
}

const CRASH_BACKOFF_MS = 300;
const MENDED_AFTER_MS = 500;
const SOUND: PodPlan = { startMs: 0, warmUpMs: 0, crashes: 0 };

export function createKubelet({
  timeline,
  store,
  pods,
  prng,
  story,
}: {
  timeline: Timeline;
  store: ObjectStore;
  pods: PodRegistry;
  prng: Prng;
  story: Story;
}): Kubelet {
  const placeOf = ({ name, namespace }: SimulatedPod): Place => ({
    resource: resources.pods,
    name,
    namespace,
  });

  /** What it shows of a pod comes after the fact. */
  function report(pod: SimulatedPod, status: NonNullable<Pod['status']>, lagMs = prng.skewed(1, 150)): void {
    timeline.after(lagMs, () => {
      const shown = store.get(placeOf(pod)) as Pod | undefined;
      if (shown === undefined) return;
      store.patch(placeOf(pod), { status: { ...shown.status, ...status } });
      self.onReadiness?.();
    });
  }

  let isMended = false;
  const ready = (isReady: boolean) => [{ type: 'Ready', status: isReady ? 'True' : 'False' }];

  function containersOf(pod: Pod, isReady: boolean, restartCount: number) {
    return pod.spec.containers.map(({ name }) => ({
      name,
      ready: isReady || name === 'istio-proxy',
      started: true,
      restartCount: name === 'istio-proxy' ? 0 : restartCount,
      containerID: `${pod.metadata.name}-${name}`,
      state: { running: {} },
    }));
  }

  function run(pod: SimulatedPod, object: Pod, plan: PodPlan, crashes: number): void {
    if (pod.isEnding) return;
    if (crashes < plan.crashes) {
      const waiting = { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' };
      report(pod, {
        phase: 'Running',
        containerStatuses: object.spec.containers.map(({ name }) => ({
          name,
          ready: false,
          restartCount: crashes + 1,
          state: { waiting },
          lastState: { terminated: { exitCode: 1 } },
        })),
      });
      timeline.after(CRASH_BACKOFF_MS, () => run(pod, object, plan, crashes + 1));
      return;
    }
    pod.onStart?.();
    report(pod, {
      phase: 'Running',
      podIP: pod.ip,
      containerStatuses: containersOf(object, false, crashes),
      conditions: ready(false),
    });
    if (plan.warmUpMs === Infinity) return;
    timeline.after(plan.warmUpMs, () => serve(pod, object, plan, crashes));
  }

  function serve(pod: SimulatedPod, object: Pod, plan: PodPlan, crashes: number): void {
    if (pod.isEnding) return;
    pod.state = 'serving';
    // The status of the start may still be on its way: what comes later says so again.
    const status = {
      phase: 'Running',
      podIP: pod.ip,
      containerStatuses: containersOf(object, true, crashes),
      conditions: ready(true),
    };
    report(pod, status, 151 + prng.skewed(1, 100));
    if (plan.failsAfterMs === undefined) return;
    timeline.after(plan.failsAfterMs, () => {
      if (pod.isEnding || isMended) return;
      story.tell(pod.name, () => 'fails by itself');
      pod.state = 'failed';
      self.onFailure?.(pod);
      for (const flight of pod.flights) flight.cut('failed by itself');
      report(pod, { conditions: ready(false) }, 300 + prng.skewed(1, 100));
    });
  }

  /** Its process ends now, and its object a little later. */
  function stop(pod: SimulatedPod): void {
    pod.state = 'ended';
    story.tell(pod.name, () => 'has ended');
    pod.onEnd?.();
    for (const flight of pod.flights) flight.cut('ended');
    pods.remove(pod);
    takeAway(pod);
  }

  function takeAway(pod: SimulatedPod): void {
    timeline.after(prng.skewed(5, 500), () => {
      store.delete(placeOf(pod));
      self.onReadiness?.();
    });
  }

  function markEnding(pod: SimulatedPod): void {
    pod.isEnding = true;
    if (store.get(placeOf(pod)) === undefined) return;
    store.patch(placeOf(pod), { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    self.onReadiness?.();
  }

  const self: Kubelet = {
    onReadiness: undefined,
    onFailure: undefined,
    start(object, plan, life) {
      const { name, namespace = '' } = object.metadata;
      const ip = pods.newAddress();
      const pod: SimulatedPod = {
        ...life,
        name,
        namespace,
        ip,
        state: 'starting',
        isEnding: false,
        flights: new Set(),
      };
      pods.add(pod);
      store.create(resources.pods, object);
      timeline.after(plan.startMs, () => run(pod, object, plan, 0));
      return pod;
    },
    end(pod) {
      if (pod.isEnding) return;
      markEnding(pod);
      timeline.after(prng.between(0, 5), () => stop(pod));
    },
    mend() {
      isMended = true;
      for (const pod of pods.all()) {
        if (pod.isEnding || pod.version === '' || pod.state === 'serving') continue;
        const object = store.get(placeOf(pod)) as Pod | undefined;
        // What it last said of itself may still be on its way.
        if (object) timeline.after(MENDED_AFTER_MS, () => serve(pod, object, SOUND, 0));
      }
    },
    drain(pod) {
      if (pod.isEnding) return;
      markEnding(pod);
      story.tell(pod.name, () => 'drains');
      pod.onEnd?.();
      takeAway(pod);
    },
  };
  return self;
}
