import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { guardWrites } from '../../../../scripts/switch/lock/guarded-cluster.ts';

function watched(renew: () => Promise<void> = () => Promise.resolve()) {
  const said: string[] = [];
  const call = (name: string) => () => {
    said.push(name);
    return Promise.resolve({});
  };
  const names = ['get', 'list', 'create', 'replace', 'patch', 'apply', 'delete'] as const;
  const bare = Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as Cluster;
  const cluster = guardWrites(bare, () => {
    said.push('renew');
    return renew();
  });
  return { cluster, said };
}

const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'coffee-shop-v2' } };
const review = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  metadata: { name: '' },
};
const writes: [string, (cluster: Cluster) => Promise<unknown>][] = [
  ['create', (cluster) => cluster.create(object)],
  ['replace', (cluster) => cluster.replace(object)],
  ['patch', (cluster) => cluster.patch(resources.deployments, 'coffee-shop-v2', {})],
  ['apply', (cluster) => cluster.apply(object)],
  ['delete', (cluster) => cluster.delete(resources.deployments, 'coffee-shop-v2')],
];

describe('a cluster to which only the one operator writes', () => {
  it.each(writes)('a guarded cluster renews the lock right before each %s', async (name, write) => {
    const { cluster, said } = watched();
    await write(cluster);
    await write(cluster);
    expect(said).toEqual(['renew', name, 'renew', name]);
  });

  it.each(writes)(
    'a guarded cluster sends no %s when somebody else has become the operator',
    async (_name, write) => {
      const { cluster, said } = watched(() => Promise.reject(new Error('somebody holds the Lease')));
      await expect(write(cluster)).rejects.toThrow('somebody holds the Lease');
      expect(said).toEqual(['renew']);
    },
  );

  it('a guarded cluster asks for no lock to read, to ask for rights, or to try a write out', async () => {
    const { cluster, said } = watched();
    await cluster.get(resources.deployments, 'coffee-shop-v2');
    await cluster.list(resources.deployments);
    await cluster.create(review);
    await cluster.apply(object, { dryRun: true });
    expect(said).toEqual(['get', 'list', 'create', 'apply']);
  });
});
