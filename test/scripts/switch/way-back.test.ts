import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import { messageOf } from '../../../scripts/shared/errors.ts';
import { verifyWayBack } from '../../../scripts/switch/preflight/rights.ts';
import type { State } from '../../../scripts/switch/cluster-state/read-state.ts';
import type { SwitchContext } from '../../../scripts/switch/context.ts';

const clusterFile = path.resolve(import.meta.dirname, '../../../istio/cluster.yaml');

/** The rights it asks for: what somebody without any is told to be missing. */
async function askedFor({
  before = { deployment: false, subset: false },
  keepFailed = false,
  versions = ['v1', 'v2'],
  routes = 'VirtualService',
} = {}): Promise<string[]> {
  const cluster = {
    namespace: 'shop',
    create: () => Promise.resolve({ status: { allowed: false } }),
  } as unknown as Cluster;
  const context = {
    cluster,
    options: { clusterFile, keepFailed },
    app: 'coffee-shop',
    from: 'v1',
    to: 'v2',
    record: { before },
  } as unknown as SwitchContext;
  const state = {
    deployments: versions.map((version) => ({ version })),
    lastSeen: { routesName: { kind: routes } },
  } as unknown as State;
  const said = await verifyWayBack(context, state).catch((error: unknown) => messageOf(error));
  return (said ?? '').replace('Not allowed: ', '').replace('. Nothing was changed.', '').split(', ');
}
const always = [
  'get services in shop',
  'list pods in every namespace',
  'get pods/portforward in every namespace',
  'create pods/portforward in every namespace',
  'list deployments.apps in shop',
  'patch deployments.apps in shop',
  'list horizontalpodautoscalers.autoscaling in shop',
  'patch horizontalpodautoscalers.autoscaling in shop',
  'get virtualservices.networking.istio.io in shop',
  'patch virtualservices.networking.istio.io in shop',
  'get destinationrules.networking.istio.io in shop',
  'patch destinationrules.networking.istio.io in shop',
  'get leases.coordination.k8s.io in shop',
  'update leases.coordination.k8s.io in shop',
];
const deletes = ['delete deployments.apps in shop', 'delete horizontalpodautoscalers.autoscaling in shop'];

describe('the way back', () => {
  it('the way back asks for the rights to what it changes, and to delete what the switch has made', async () => {
    expect(await askedFor()).toEqual([...always, ...deletes]);
  });

  it('the way back asks for no right to delete what was there before, or stays for a look at it', async () => {
    expect(await askedFor({ before: { deployment: true, subset: true } })).toEqual(always);
    expect(await askedFor({ keepFailed: true })).toEqual(always);
  });

  it('the way back asks for the right to delete when it is too late and the switch is to be finished', async () => {
    const before = { deployment: true, subset: true };
    expect(await askedFor({ before, versions: ['v2'] })).toEqual([...always, ...deletes]);
  });

  it('the way back asks for the rights to the HTTPRoute and the Services of versions where these lead the traffic', async () => {
    const asked = await askedFor({ routes: 'HTTPRoute' });
    expect(asked).toEqual(expect.arrayContaining(['create services in shop', 'delete services in shop']));
    expect(asked).toContain('patch httproutes.gateway.networking.k8s.io in shop');
    expect(asked).not.toContain('patch virtualservices.networking.istio.io in shop');
  });
});
