import assert from 'node:assert/strict';
import type { Chapter } from '../behaviour.ts';
import type { Answer, Kit } from '../kit.ts';
import { PROBED } from '../kit.ts';
import { at, count, list, type Thing } from '../objects.ts';

export const service = (k: Kit, spec: Record<string, unknown> = {}): Promise<Thing> =>
  k.create('services', {
    spec: { selector: { app: k.id }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec },
  });

/** The conditions of a pod's endpoint, `absent` when the slice does not list it. */
function endpoint(slice: Thing, pod: string): string {
  const found = list(slice, 'endpoints').find((one) => at(one, 'targetRef.name') === pod);
  if (found === undefined) return 'absent';
  const { ready, serving, terminating } = at(found, 'conditions') as Record<string, boolean>;
  return `ready=${ready} serving=${serving} terminating=${terminating}`;
}

const withoutRepeats = (steps: string[]): string[] =>
  steps.filter((step, index) => step !== steps[index - 1]);

interface Asked {
  status?: number;
  body?: string;
  error?: string;
  headers?: Record<string, string>;
}

/** Calls from inside a pod, each on a connection of its own. */
export async function call(
  k: Kit,
  from: string,
  url: string,
  { times = 1, headers = {} }: { times?: number; headers?: Record<string, string> } = {},
): Promise<Asked[]> {
  const query = new URLSearchParams({ url, times: String(times) });
  for (const [name, value] of Object.entries(headers)) query.append('header', `${name}=${value}`);
  return (await k.tell(from, `/ask?${query.toString()}`)) as Asked[];
}

const served = (answers: Asked[]): string[] =>
  answers.map(({ status, body = '', error }) =>
    status === 200 ? String(at(JSON.parse(body), 'pod')) : `${status ?? error}`,
  );

const client = async (k: Kit): Promise<string> => {
  const name = `${k.id}-client`;
  await k.pod({}, { name, labels: { app: 'client' }, container: PROBED });
  await k.ready(name);
  return name;
};

export const endpoints: Chapter = {
  title: 'EndpointSlices',
  behaviours: [
    {
      name: 'an endpoint is listed when its pod has an address, and ready when the pod is',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await service(k);
        const slices = await k.record('endpointslices', {
          labelSelector: `kubernetes.io/service-name=${k.id}`,
        });
        await k.pod({ LISTEN_AFTER_MS: '800' }, { container: PROBED });
        await k.ready();
        await k.until('the endpoint to be ready', () =>
          slices.seen.some(({ object }) => endpoint(object, k.id).startsWith('ready=true')),
        );
        const steps = slices.seen
          .map(({ object }) => endpoint(object, k.id))
          .filter((step) => step !== 'absent');
        assert.deepEqual(withoutRepeats(steps), [
          'ready=false serving=false terminating=false',
          'ready=true serving=true terminating=false',
        ]);
      },
    },
    {
      name: 'a deleted pod’s endpoint is first terminating and still serving, and leaves when the container is dead',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await service(k);
        await k.pod({ TERM_MS: '1200' }, { container: PROBED });
        await k.ready();
        await k.until('the endpoint to be ready', async () =>
          (await k.list('endpointslices', `kubernetes.io/service-name=${k.id}`)).some((slice) =>
            endpoint(slice, k.id).startsWith('ready=true'),
          ),
        );
        const slices = await k.record('endpointslices', {
          labelSelector: `kubernetes.io/service-name=${k.id}`,
        });
        await k.delete('pods');
        await k.gone('pods');
        await k.until('the endpoint to be gone', () => {
          const last = slices.seen.at(-1);
          return last !== undefined && endpoint(last.object, k.id) === 'absent';
        });
        assert.deepEqual(withoutRepeats(slices.seen.map(({ object }) => endpoint(object, k.id))), [
          'ready=false serving=true terminating=true',
          'absent',
        ]);
      },
    },
    {
      name: 'a named targetPort is looked up in each pod',
      source: 'kubernetes.io/docs/concepts/services-networking/service',
      run: async (k) => {
        await service(k);
        await k.pod({}, { container: PROBED });
        await k.ready();
        const [slice] = await k.until('a slice with the pod', async () => {
          const found = await k.list('endpointslices', `kubernetes.io/service-name=${k.id}`);
          return list(found[0], 'endpoints').length === 1 ? found : undefined;
        });
        assert.deepEqual(at(slice, 'ports'), [{ name: 'http', port: 8080, protocol: 'TCP' }]);
        assert.equal(at(slice, 'endpoints.0.addresses.0'), at(await k.get('pods'), 'status.podIP'));
      },
    },
  ],
};

export const routing: Chapter = {
  title: 'Services',
  behaviours: [
    {
      name: 'a Service’s name leads from inside a pod to its ready pods, every connection anew',
      source: 'kubernetes.io/docs/concepts/services-networking/dns-pod-service',
      run: async (k) => {
        await service(k);
        await k.deployment({ replicas: 2 });
        await k.rolledOut(2);
        const from = await client(k);
        const pods = (await k.list('pods', `app=${k.id}`)).map(({ metadata }) => metadata.name);
        for (const host of [k.id, `${k.id}.${k.namespace}.svc.cluster.local`]) {
          await k.until(`both pods to answer at ${host}`, async () => {
            const answers = new Set(served(await call(k, from, `http://${host}/`, { times: 12 })));
            return pods.every((pod) => answers.has(pod)) && answers.size === 2;
          });
        }
      },
    },
    {
      name: 'a pod that is not ready gets no new connections',
      source: 'kubernetes.io/docs/concepts/services-networking/service',
      run: async (k) => {
        await service(k);
        await k.deployment({ replicas: 2 });
        await k.rolledOut(2);
        const from = await client(k);
        const [keep, drop] = (await k.list('pods', `app=${k.id}`)).map(({ metadata }) => metadata.name);
        await k.tell(String(drop), '/set?ready=no');
        await k.until('only the ready pod to answer', async () => {
          const answers = new Set(served(await call(k, from, `http://${k.id}/`, { times: 12 })));
          return answers.size === 1 && answers.has(String(keep));
        });
      },
    },
    {
      name: 'while no pod is ready, a terminating one that still serves gets the connections',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await service(k);
        await k.pod({ TERM_MS: '20000' }, { container: PROBED });
        await k.ready();
        const from = await client(k);
        await k.until('the pod to answer', async () => {
          return served(await call(k, from, `http://${k.id}/`))[0] === k.id;
        });
        await k.delete('pods');
        await k.until('the endpoint to be terminating', async () =>
          (await k.list('endpointslices', `kubernetes.io/service-name=${k.id}`)).some((slice) =>
            endpoint(slice, k.id).endsWith('terminating=true'),
          ),
        );
        // Beyond the time in which rules follow an endpoint.
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        assert.deepEqual(served(await call(k, from, `http://${k.id}/`, { times: 3 })), [k.id, k.id, k.id]);
      },
    },
    {
      name: 'a Service without endpoints accepts no request',
      source: 'kubernetes.io/docs/reference/networking/virtual-ips',
      difference: 'the connection is reset where a real node refuses it',
      run: async (k) => {
        await service(k);
        const from = await client(k);
        const [answer] = await call(k, from, `http://${k.id}/`);
        assert.ok(['ECONNREFUSED', 'ECONNRESET'].includes(answer?.error ?? ''), JSON.stringify(answer));
      },
    },
  ],
};

const evict = (k: Kit, pod: string): Promise<Answer> =>
  k.ask('POST', `pods/${pod}/eviction`, {
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: k.namespace } },
  });

export const budgets: Chapter = {
  title: 'Disruption budgets and autoscalers',
  behaviours: [
    {
      name: 'an eviction that a PodDisruptionBudget forbids answers 429 and says which budget',
      source: 'test/fixtures/kubernetes/requests/policy.json',
      run: async (k) => {
        await k.deployment({ replicas: 2 });
        await k.rolledOut(2);
        await k.create('poddisruptionbudgets', {
          spec: { minAvailable: 2, selector: { matchLabels: { app: k.id } } },
        });
        await k.untilObject(
          'poddisruptionbudgets',
          k.id,
          'has counted its pods',
          (budget) => count(budget, 'status.currentHealthy') === 2,
        );
        const pod = String((await k.list('pods'))[0]?.metadata.name);
        const { status, body } = await evict(k, pod);
        assert.equal(status, 429);
        assert.equal(at(body, 'reason'), 'TooManyRequests');
        assert.equal(
          at(body, 'message'),
          "Cannot evict pod as it would violate the pod's disruption budget.",
        );
        assert.deepEqual(at(body, 'details.causes'), [
          {
            reason: 'DisruptionBudget',
            message: `The disruption budget ${k.id} needs 2 healthy pods and has 2 currently`,
          },
        ]);
        assert.equal((await k.get('pods', pod)).metadata.deletionTimestamp, undefined);
      },
    },
    {
      name: 'an eviction that the budget allows deletes the pod, with its grace period',
      source: 'test/fixtures/kubernetes/requests/policy.json',
      run: async (k) => {
        await k.deployment({ replicas: 2 });
        await k.rolledOut(2);
        await k.create('poddisruptionbudgets', {
          spec: { maxUnavailable: 1, selector: { matchLabels: { app: k.id } } },
        });
        await k.untilObject(
          'poddisruptionbudgets',
          k.id,
          'allows one',
          (budget) => count(budget, 'status.disruptionsAllowed') === 1,
        );
        const pod = String((await k.list('pods'))[0]?.metadata.name);
        const pods = await k.record('pods');
        assert.equal((await evict(k, pod)).status, 201);
        await k.gone('pods', pod);
        const marked = pods.seen.find(
          ({ object }) => object.metadata.name === pod && object.metadata.deletionTimestamp !== undefined,
        );
        assert.equal(marked?.object.metadata.deletionGracePeriodSeconds, 5);
      },
    },
    {
      name: 'an autoscaler raises a Deployment to minReplicas and lowers it to maxReplicas, also without metrics',
      source: 'test/fixtures/kubernetes/requests/policy.json',
      run: async (k) => {
        await k.deployment({ replicas: 1 });
        const autoscaler = (minReplicas: number, maxReplicas: number) => ({
          minReplicas,
          maxReplicas,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: k.id },
        });
        await k.create('horizontalpodautoscalers', { spec: autoscaler(2, 3) });
        const size = (replicas: number) =>
          k.untilObject('deployments', k.id, `has ${replicas} replicas`, (object) => {
            return at(object, 'spec.replicas') === replicas;
          });
        await size(2);
        await k.event('SuccessfulRescale', k.id, (text) => {
          return text === 'New size: 2; reason: Current number of replicas below Spec.MinReplicas';
        });
        await k.patch('deployments', k.id, { spec: { replicas: 5 } });
        await size(3);
      },
    },
  ],
};
