/** The simulated cluster: the parts wired together, with the shop's first version in it. */
import { resources } from '../../../scripts/shared/resources.ts';
import type { Pod } from '../../../scripts/shared/kubernetes.ts';
import { createApiServer } from '../api/api-server.ts';
import type { ApiServer } from '../api/api-server.ts';
import { createObjectStore } from '../api/object-store.ts';
import type { ObjectStore } from '../api/object-store.ts';
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';
import { createMesh } from '../mesh/mesh.ts';
import type { Mesh, MeshWeather } from '../mesh/mesh.ts';
import type { Proxy } from '../mesh/proxy.ts';
import type { PodAnswers } from '../operator/connection.ts';
import type { Story } from '../story.ts';
import type { Prng } from '../time/prng.ts';
import type { Timeline } from '../time/timeline.ts';
import { createAccount } from '../traffic/account.ts';
import type { Account } from '../traffic/account.ts';
import { startCaller } from '../traffic/caller.ts';
import type { CallerHabits } from '../traffic/caller.ts';
import type { Traffic } from '../traffic/send-request.ts';
import { startAutoscaling } from './autoscaler-controller.ts';
import { routesWith, ruleWith } from './beginning.ts';
import type { Beginning } from './beginning.ts';
import { createDeploymentController } from './deployment-controller.ts';
import { createEndpointsController } from './endpoints-controller.ts';
import { createKubelet } from './kubelet.ts';
import type { Kubelet, PodPlan } from './kubelet.ts';
import { APP, ISTIO_NAMESPACE, autoscalerOf, deploymentOf, podOf, service } from './manifests.ts';
import type { RouteStyle } from './manifests.ts';
import { createPodAnswers } from './pod-answers.ts';
import { createPodRegistry } from './pods.ts';
import type { PodRegistry, SimulatedPod } from './pods.ts';

export interface Climate {
  mesh: MeshWeather;
  beginning: Beginning;
  replicas: number;
  hasAutoscaler: boolean;
  /** The shop's own pods have a proxy each. */
  hasSidecars: boolean;
  routeStyle: RouteStyle;
  callers: CallerHabits[];
  /** What becomes of a version's pods. */
  planOf: (version: string, prng: Prng) => PodPlan;
}

export interface World {
  timeline: Timeline;
  story: Story;
  store: ObjectStore;
  api: ApiServer;
  mesh: Mesh;
  pods: PodRegistry;
  kubelet: Kubelet;
  account: Account;
  answers: PodAnswers;
  /** Versions of which a pod has failed by itself. */
  failing: Set<string>;
  /** One more caller, with a pod and a proxy of its own. */
  addCaller(habits: CallerHabits): void;
  /** The proxies that callers send through. */
  callerProxies(): Proxy[];
  /** Ends a caller's pod. */
  endCaller(proxy: Proxy): void;
  /** Ends a proxy's process and starts it anew: it has forgotten everything. */
  restartProxy(proxy: Proxy): void;
}

export function createWorld(timeline: Timeline, story: Story, climate: Climate, prng: Prng): World {
  const store = createObjectStore();
  const api = createApiServer(timeline, store, story);
  const pods = createPodRegistry();
  const account = createAccount(timeline, story);
  const mesh = createMesh({ timeline, story, prng: prng.fork('mesh'), weather: climate.mesh });
  const kubelet = createKubelet({ timeline, store, pods, story, prng: prng.fork('kubelet') });
  const failing = new Set<string>();
  const { beginning } = climate;
  const traffic: Traffic = { timeline, prng: prng.fork('traffic'), pods, account, failing };

  const plans = prng.fork('plans');
  const sidecars = new Map<string, Proxy>();
  const deployments = createDeploymentController({
    timeline,
    store,
    pods,
    kubelet,
    prng: prng.fork('deployments'),
    containers: climate.hasSidecars ? [APP, 'istio-proxy'] : [APP],
    planOf: (version) => climate.planOf(version, plans),
    onStart({ name, namespace }) {
      if (!climate.hasSidecars) return;
      const proxy = mesh.add({ name, namespace, type: 'sidecar' });
      sidecars.set(name, proxy);
      mesh.start(proxy);
    },
    onEnd({ name }) {
      const proxy = sidecars.get(name);
      if (proxy) mesh.remove(proxy);
    },
  });
  const lookAtEndpoints = createEndpointsController(
    { timeline, store, prng: prng.fork('endpoints') },
    (endpoints) => mesh.notice('endpoints', endpoints),
  );
  kubelet.onFailure = ({ version }) => void failing.add(version);
  kubelet.onReadiness = () => {
    deployments.notice();
    lookAtEndpoints();
  };
  store.watch(({ resource, after }) => {
    if (resource === resources.deployments) deployments.notice();
    if (resource === resources.destinationRules) mesh.notice('rule', after as never);
    if (resource === resources.virtualServices) mesh.notice('routes', after as never);
  });

  let callers = 0;
  const callerProxies = new Map<Proxy, SimulatedPod>();
  function addProxyPod(name: string, habits: CallerHabits | undefined, type: Proxy['type']): void {
    const namespace = type === 'router' ? ISTIO_NAMESPACE : 'callers';
    const containers = type === 'router' ? ['istio-proxy'] : ['caller', 'istio-proxy'];
    const object = podOf(name, namespace, { app: name }, containers);
    const proxy = mesh.add({ name, namespace, type });
    const pod = kubelet.start(
      object,
      { startMs: traffic.prng.skewed(1, 200), warmUpMs: traffic.prng.skewed(1, 200), crashes: 0 },
      {
        version: '',
        owner: '',
        onStart: () => mesh.start(proxy),
        onEnd() {
          mesh.remove(proxy);
          callerProxies.delete(proxy);
        },
      },
    );
    callerProxies.set(proxy, pod);
    if (habits) startCaller(traffic, proxy, habits, prng.fork(`caller ${name}`));
  }

  function begin(): void {
    store.create(resources.services, service);
    const { first } = beginning;
    const rule = ruleWith(first === PLAIN ? [] : [first], beginning);
    if (rule) store.create(resources.destinationRules, rule);
    const routes = routesWith(first, climate);
    if (routes) store.create(resources.virtualServices, routes);
    store.create(resources.deployments, deploymentOf(first, climate.replicas));
    if (climate.hasAutoscaler) {
      store.create(resources.horizontalPodAutoscalers, autoscalerOf(first, 1, 4));
      startAutoscaling({ timeline, store, pods, story });
    }
    for (const { name } of mesh.istiods) {
      const object = podOf(name, ISTIO_NAMESPACE, { app: 'istiod' }, ['discovery']);
      store.create(resources.pods, { ...object, status: { phase: 'Running' } });
    }
  }
  begin();

  return {
    timeline,
    story,
    store,
    api,
    mesh,
    pods,
    kubelet,
    account,
    answers: createPodAnswers(mesh, pods),
    failing,
    addCaller(habits) {
      callers += 1;
      // A gateway has nothing to serve before there are routes for it.
      if (callers === 1 && beginning.routes !== undefined) addProxyPod('gateway', habits, 'router');
      else addProxyPod(`caller-${callers - 1}`, habits, 'sidecar');
    },
    callerProxies: () => [...callerProxies.keys()],
    endCaller(proxy) {
      const pod = callerProxies.get(proxy);
      if (pod) kubelet.end(pod);
    },
    restartProxy(proxy) {
      const pod = callerProxies.get(proxy);
      if (pod === undefined || pod.isEnding || !proxy.isUp) return;
      story.tell(proxy.name, () => 'its proxy restarts');
      proxy.restarts += 1;
      mesh.stop(proxy);
      const place = { resource: resources.pods, namespace: proxy.namespace, name: proxy.name };
      const lagMs = traffic.prng.skewed(5, 300);
      timeline.after(traffic.prng.between(10, 200), () => {
        if (pod.isEnding) return;
        mesh.start(proxy);
        // The API server hears of the restart after the fact.
        timeline.after(lagMs, () => {
          const shown = store.get(place) as Pod | undefined;
          if (shown === undefined) return;
          const containerStatuses = shown.status?.containerStatuses?.map((status) =>
            status.name === 'istio-proxy'
              ? { ...status, restartCount: proxy.restarts, containerID: `${proxy.name}-${proxy.restarts}` }
              : status,
          );
          store.patch(place, { status: { containerStatuses } });
        });
      });
    },
  };
}
