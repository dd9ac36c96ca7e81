import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { Pod } from '../../../../scripts/shared/kubernetes.ts';
import { explainUnready } from '../../../../scripts/switch/cluster-state/deployment-ready.ts';

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

  it('is the startup probe as long as the container has not started', async () => {
    expect(await explainUnready(cluster, [podWith(false)])).toBe(
      'pod coffee-shop-v2-x: startup probe GET /health/started answered 404',
    );
  });

  it('is the readiness probe after that', async () => {
    expect(await explainUnready(cluster, [podWith(true)])).toBe(
      'pod coffee-shop-v2-x: GET /health/ready answered 503',
    );
  });

  it('is that nobody answers when nobody does', async () => {
    expect(await explainUnready(clusterAnswering({}), [podWith(true)])).toBe(
      'pod coffee-shop-v2-x: GET /health/ready got no answer: connection refused',
    );
  });
});
