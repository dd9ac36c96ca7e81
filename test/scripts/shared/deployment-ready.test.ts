import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import type { Deployment, Pod } from '../../../scripts/shared/kubernetes.ts';
import { explainUnready, isFinal, rolloutOf, standsStill } from '../../../scripts/shared/deployment-ready.ts';

const podWith = (started: boolean): Pod => ({
  metadata: { name: 'coffee-shop-v2-x', namespace: 'shop' },
  spec: {
    containers: [
      {
        name: 'coffee-shop',
        ports: [{ name: 'http', containerPort: 8080 }],
        startupProbe: { httpGet: { path: '/health/started', port: 'http' } },
        readinessProbe: { httpGet: { path: '/health/ready', port: 8080 } },
      },
    ],
  },
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'coffee-shop', ready: false, started, state: { running: {} } }],
  },
});

/** Answers each path of the pod's port as told; a path without an answer is refused. */
const clusterAnswering = (answers: Record<string, number>) =>
  ({
    namespace: 'shop',
    forward: (_namespace: string, _pod: string, port: number) => ({
      request: (path: string) => {
        const status = port === 8080 ? answers[path] : undefined;
        return status === undefined
          ? Promise.reject(new Error('connection refused'))
          : Promise.resolve({ status, headers: {}, body: '' });
      },
      close: () => undefined,
    }),
  }) as unknown as Cluster;

describe('why a pod is not ready', () => {
  const cluster = clusterAnswering({ '/health/started': 404, '/health/ready': 503 });

  it('a pod is explained by its startup probe as long as the container has not started', async () => {
    expect(await explainUnready(cluster, [podWith(false)])).toBe(
      'pod coffee-shop-v2-x: startup probe GET /health/started answered 404',
    );
  });

  it('a pod is explained by its readiness probe once the container has started', async () => {
    expect(await explainUnready(cluster, [podWith(true)])).toBe(
      'pod coffee-shop-v2-x: GET /health/ready answered 503',
    );
  });

  it('a pod is explained by the silence when nobody answers', async () => {
    expect(await explainUnready(clusterAnswering({}), [podWith(true)])).toBe(
      'pod coffee-shop-v2-x: GET /health/ready got no answer: connection refused',
    );
  });

  it('a pod that has not started is explained by its last warning, where Events may be read', async () => {
    const pending = { ...podWith(false), status: { phase: 'Pending' } };
    const events = [
      { metadata: { name: 'b' }, message: 'an earlier one', lastTimestamp: '2026-11-23T12:00:01Z' },
      {
        metadata: { name: 'a' },
        message: 'MountVolume.SetUp failed: secret "beans" not found',
        lastTimestamp: '2026-11-23T12:00:02Z',
      },
    ];
    const asked: unknown[] = [];
    const list = (_resource: unknown, options: unknown) => {
      asked.push(options);
      return Promise.resolve(events);
    };
    const reading = { ...clusterAnswering({}), list } as unknown as Cluster;
    expect(await explainUnready(reading, [pending])).toBe(
      'pod coffee-shop-v2-x: MountVolume.SetUp failed: secret "beans" not found',
    );
    expect(asked).toEqual([{ fieldSelector: 'involvedObject.name=coffee-shop-v2-x,type=Warning' }]);
    const forbidden = {
      ...clusterAnswering({}),
      list: () => Promise.reject(new Error('403')),
    } as unknown as Cluster;
    expect(await explainUnready(forbidden, [pending])).toBe('pod coffee-shop-v2-x: still starting');
  });

  it('a Deployment without pods is explained by what keeps it from going on', async () => {
    expect(await explainUnready(cluster, [])).toBe('no pod was created');
    expect(await explainUnready(cluster, [], 'it is paused')).toBe('it is paused');
  });
});

const deployment = (spec: object, status: object): Deployment => ({
  metadata: { name: 'coffee-shop-v2', generation: 3 },
  spec: { replicas: 2, selector: {}, template: { spec: { containers: [] } }, ...spec },
  status: { observedGeneration: 3, ...status },
});
const condition = (type: string, status: string, message: string) => ({ type, status, message });

describe('a Deployment that waiting does not help', () => {
  it('waiting does not help a Deployment that is paused before it was rolled out, or in the middle of it', () => {
    const paused =
      'Deployment coffee-shop-v2 is paused and will not roll out: kubectl rollout resume deployment/coffee-shop-v2';
    expect(standsStill(deployment({ paused: true }, {}))).toBe(paused);
    expect(standsStill(deployment({ paused: true }, { replicas: 3, updatedReplicas: 1 }))).toBe(paused);
    expect(standsStill(deployment({ paused: true }, { replicas: 1, updatedReplicas: 1 }))).toBeUndefined();
    expect(standsStill(deployment({}, {}))).toBeUndefined();
    expect(standsStill(deployment({ paused: true }, { observedGeneration: 2 }))).toBeUndefined();
  });

  it('waiting does not help a Deployment past its progress deadline', () => {
    const late = deployment(
      {},
      { conditions: [condition('Progressing', 'False', 'has timed out progressing.')] },
    );
    expect(standsStill(late)).toBe('has timed out progressing.');
    expect(rolloutOf(late, []).failed).toBe('has timed out progressing.');
  });

  it('waiting does not help a Deployment with an image that no kubelet will ask for again', () => {
    const waiting = (reason: string): Pod => ({
      ...podWith(false),
      status: {
        containerStatuses: [{ name: 'coffee-shop', state: { waiting: { reason, message: 'no image' } } }],
      },
    });
    expect(rolloutOf(deployment({}, {}), [waiting('InvalidImageName')]).failed).toBe(
      'pod coffee-shop-v2-x: container coffee-shop InvalidImageName: no image',
    );
    expect(rolloutOf(deployment({}, {}), [waiting('ImagePullBackOff')]).failed).toBeUndefined();
  });
});

describe('pods that are refused', () => {
  const message =
    'pods "coffee-shop-v2-1" is forbidden: maximum memory usage per Container is 20Mi, but limit is 256Mi';

  it('pods that are refused are told in the words of what refuses them, as long as some are missing', () => {
    const conditions = [condition('ReplicaFailure', 'True', message)];
    expect(rolloutOf(deployment({}, { conditions }), []).refused).toBe(message);
    expect(rolloutOf(deployment({}, { conditions, replicas: 1 }), []).refused).toBe(message);
    expect(rolloutOf(deployment({}, { conditions, replicas: 2 }), []).refused).toBeUndefined();
    expect(rolloutOf(deployment({}, { conditions, observedGeneration: 2 }), []).refused).toBeUndefined();
    expect(rolloutOf(deployment({}, {}), []).refused).toBeUndefined();
  });

  it.each([
    [true, message],
    [true, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'],
    [true, 'admission webhook "policy.example" denied the request: no latest tags'],
    [true, 'Pod "x" is invalid: spec.containers[0].image: Required value'],
    [false, 'pods "x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4'],
    [false, 'Internal error occurred: failed calling webhook "policy.example": connection refused'],
    [
      false,
      'pods "x" is forbidden: error looking up service account shop/barista: serviceaccount "barista" not found',
    ],
  ])('whether a pod will be refused again is %p of %s', (final, text) => {
    expect(isFinal(text)).toBe(final);
  });
});
