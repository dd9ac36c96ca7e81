import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import {
  findRouteHolder,
  namesByRoot,
} from '../../../../scripts/switch/routing/virtual-service/route-holder.ts';

const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
const service = (name: string, spec: VirtualService['spec'], namespace = 'shop'): VirtualService => ({
  metadata: { name, namespace },
  spec,
});
const ours = { route: [{ destination: { host: target.host, subset: 'v1' } }] };
const among = (...all: VirtualService[]) => ({ list: () => Promise.resolve(all) }) as unknown as Cluster;
/** A cluster that must not be asked. */
const nothing = { list: () => Promise.reject(new Error('asked')) } as unknown as Cluster;

describe('the VirtualService that holds the routes', () => {
  it('the VirtualService that holds the routes is the one named after the app, and nobody else is asked for', async () => {
    const named = service('coffee-shop', { hosts: ['coffee-shop'], http: [ours] });
    expect(await findRouteHolder(nothing, named, target)).toEqual({ virtualService: named, roots: [] });
  });

  it('the VirtualService that holds the routes is the delegate it leaves our host to, with all roots of that one', async () => {
    const named = service('coffee-shop', {
      hosts: ['coffee-shop'],
      http: [{ name: 'tea', delegate: { name: 'tea' } }, { delegate: { name: 'routes', namespace: 'shop' } }],
    });
    const front = service(
      'front',
      { hosts: ['x'], http: [{ delegate: { name: 'routes', namespace: 'shop' } }] },
      'edge',
    );
    const tea = service('tea', { http: [{ route: [{ destination: { host: 'tea', subset: 'v1' } }] }] });
    const routes = service('routes', { http: [ours] });
    expect(await findRouteHolder(among(named, front, tea, routes), named, target)).toEqual({
      virtualService: routes,
      roots: [named, front],
    });
  });

  it('the VirtualService that holds the routes is itself the delegate of others when it has no hosts', async () => {
    const named = service('coffee-shop', { http: [ours] });
    const root = service('root', { hosts: ['x'], http: [{ delegate: { name: 'coffee-shop' } }] });
    const holder = await findRouteHolder(among(root, named), named, target);
    expect(holder).toEqual({ virtualService: named, roots: [root] });
  });

  it('a switch is refused where two VirtualServices hold routes of ours, or where another namespace does', async () => {
    const delegate = (namespace: string) => [{ delegate: { name: 'routes', namespace } }];
    const both = service('coffee-shop', { hosts: ['x'], http: [ours, ...delegate('shop')] });
    await expect(
      findRouteHolder(among(both, service('routes', { http: [ours] })), both, target),
    ).rejects.toThrow(
      'VirtualServices coffee-shop and routes both route coffee-shop.shop.svc.cluster.local; a switch changes one',
    );
    const far = service('coffee-shop', { hosts: ['x'], http: delegate('far') });
    await expect(
      findRouteHolder(among(far, service('routes', { http: [ours] }, 'far')), far, target),
    ).rejects.toThrow(
      'are in VirtualService routes of namespace far; a switch changes only its own namespace shop',
    );
  });

  it('a delegate shows its routes under the names Istio makes of the root’s and its own', () => {
    const virtualService = service('routes', { http: [ours] });
    const root = service('root', {
      hosts: ['x'],
      http: [
        { name: 'api', delegate: { name: 'routes' } },
        { delegate: { name: 'routes' } },
        { name: 'tea', delegate: { name: 'tea' } },
        { name: 'health', directResponse: { status: 200 } },
      ],
    });
    const names = namesByRoot({ virtualService, roots: [root] }, new Set(['main', '']));
    expect([...names]).toEqual([
      [
        '/apis/networking.istio.io/v1/namespaces/shop/virtual-service/root',
        new Set(['api-main', 'api', 'main', '', 'health']),
      ],
    ]);
  });
});
