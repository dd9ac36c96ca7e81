/**
 * Deployments and their pods, without ReplicaSets: as many pods as are wanted, and a status that comes late.
 */
import type { Deployment, Pod } from '../../../scripts/shared/kubernetes.ts';
import { isReady } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { isSame } from '../api/values.ts';
import type { ObjectStore } from '../api/object-store.ts';
import type { Prng } from '../time/prng.ts';
import type { Timeline } from '../time/timeline.ts';
import type { Kubelet, PodPlan } from './kubelet.ts';
import { NAMESPACE, podOf, versionIn } from './manifests.ts';
import type { PodRegistry, SimulatedPod } from './pods.ts';

export interface DeploymentController {
  /** Looks at all Deployments soon: something about them or their pods has changed. */
  notice(): void;
}

interface Parts {
  timeline: Timeline;
  store: ObjectStore;
  pods: PodRegistry;
  kubelet: Kubelet;
  prng: Prng;
  planOf: (version: string) => PodPlan;
  /** The containers of the shop's pods. */
  containers: string[];
  onStart: (pod: SimulatedPod, object: Pod) => void;
  onEnd: (pod: SimulatedPod) => void;
}

export function createDeploymentController(parts: Parts): DeploymentController {
  const { timeline, store, pods, kubelet, prng, planOf, containers } = parts;
  let isPlanned = false;
  let born = 0;

  function reconcileAll(): void {
    isPlanned = false;
    const owners = new Set<string>();
    for (const deployment of store.list(resources.deployments) as Deployment[]) {
      owners.add(deployment.metadata.uid ?? '');
      reconcile(deployment);
    }
    for (const pod of pods.all()) if (pod.owner !== '' && !owners.has(pod.owner)) kubelet.end(pod);
  }

  function reconcile(deployment: Deployment): void {
    const { uid = '', name } = deployment.metadata;
    const own = [...pods.all()].filter(({ owner, isEnding }) => owner === uid && !isEnding);
    const wanted = deployment.spec.replicas ?? 1;
    for (let count = own.length; count < wanted; count += 1) own.push(startPod(deployment));
    const shown = (pod: SimulatedPod) =>
      store.get({ resource: resources.pods, namespace: pod.namespace, name: pod.name }) as Pod | undefined;
    const ready = own.filter((pod) => isReady(shown(pod) ?? ({ metadata: {} } as Pod)));
    const surplus = Math.max(0, own.length - wanted);
    const unready = own.filter((pod) => !ready.includes(pod));
    const victims = [...unready, ...ready].slice(0, surplus);
    for (const pod of victims) kubelet.drain(pod);
    const left = own.length - victims.length;
    const readyReplicas = ready.filter((pod) => !victims.includes(pod)).length;
    const place = { resource: resources.deployments, namespace: NAMESPACE, name };
    const status = {
      observedGeneration: deployment.metadata.generation,
      replicas: left,
      updatedReplicas: left,
      readyReplicas,
      availableReplicas: readyReplicas,
    };
    if (!isSame(status, deployment.status)) store.patch(place, { status });
  }

  function startPod({ metadata, spec }: Deployment): SimulatedPod {
    const { labels } = spec.template.metadata ?? {};
    const version = versionIn(labels);
    // No template changes here, so the name of its Deployment tells it as its hash would.
    const hashed = { ...labels, 'pod-template-hash': `hash-of-${metadata.name}` };
    const object = podOf(`${metadata.name}-${(born += 1)}`, NAMESPACE, hashed, containers);
    const pod: SimulatedPod = kubelet.start(object, planOf(version), {
      version,
      owner: metadata.uid ?? '',
      onStart: () => parts.onStart(pod, object),
      onEnd: () => parts.onEnd(pod),
    });
    return pod;
  }

  return {
    notice() {
      if (isPlanned) return;
      isPlanned = true;
      timeline.after(prng.skewed(2, 60), reconcileAll);
    },
  };
}
