import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../../scripts/shared/cluster/cluster.ts';
import { ClusterError } from '../../../../../scripts/shared/cluster/errors.ts';
import { readHttpRouteRouting } from '../../../../../scripts/switch/routing/http-route/named-objects.ts';

const service = {
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'tea-house', namespace: 'default' } },
  spec: {},
};
const target = { host: 'tea-house.default.svc.cluster.local', namespace: 'default' };

/** A cluster that answers every reading of an HTTPRoute like this. */
const answering = (status: number) =>
  ({
    get: () =>
      Promise.reject(new ClusterError(`get httproutes tea-house: ${status}`, { status, reason: '' })),
  }) as unknown as Cluster;

describe('the HTTPRoute of an app', () => {
  it.each([
    ['cannot be read for want of rights', 403],
    ['is of a kind that the cluster does not know', 404],
  ])('is none where it %s', async (_why, status) => {
    expect(await readHttpRouteRouting(answering(status), service, target)).toBeUndefined();
  });

  it('is not taken for none where the API server fails', async () => {
    await expect(readHttpRouteRouting(answering(500), service, target)).rejects.toThrow('500');
  });
});
