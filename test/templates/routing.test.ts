import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parseObjects, renderSets } from '../../scripts/render/index.ts';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';

const clusterFile = fileURLToPath(new URL('../../istio/cluster.yaml', import.meta.url));

async function rendered(vars: Record<string, string>, include = ['base', 'subsets', 'route', 'route-all']) {
  return renderSets(clusterFile, { include, vars });
}

async function objects(vars: Record<string, string>, include?: string[]): Promise<KubernetesObject[]> {
  return parseObjects(await rendered({ routing: 'http-route', ...vars }, include));
}

const named = ({ kind, metadata }: KubernetesObject): string => `${String(kind)} ${metadata.name}`;

describe('the value routing', () => {
  it('is virtual-service until it is told, also where a cluster file does not have it', async () => {
    const told = await rendered({ routing: 'virtual-service' });
    expect(await rendered({})).toEqual(told);
    expect(told.map(({ text }) => text).join('')).not.toContain('gateway.networking.k8s.io');
    const [route] = await renderSets(clusterFile, {
      include: ['route'],
      text: 'global: {app: coffee-shop}\ninclude: [{name: route, values: {hosts: a.example, live: v1, marker: m}}]',
    });
    expect(route?.text).toContain('kind: VirtualService');
  });

  it('makes a Service per version and an HTTPRoute as http-route', async () => {
    expect((await objects({ subsets: 'v1,V1.2' })).map(named)).toEqual([
      'Gateway coffee-shop',
      'DestinationRule coffee-shop',
      'Service coffee-shop',
      'Service coffee-shop-v1',
      'Service coffee-shop-v1-2',
      'HTTPRoute coffee-shop',
      'HTTPRoute coffee-shop',
    ]);
  });

  it('names in the HTTPRoute the Service of the version that serves', async () => {
    const made = await objects({ subsets: 'V1.2', live: 'V1.2' }, ['subsets', 'route']);
    const [service, route] = made as [KubernetesObject, KubernetesObject];
    expect(service['spec']).toMatchObject({ selector: { app: 'coffee-shop', version: 'V1.2' } });
    const { name } = service.metadata;
    expect(route['spec']).toMatchObject({
      parentRefs: [{ kind: 'Gateway' }, { kind: 'Service', name: 'coffee-shop', port: 8080 }],
      rules: [{ name: 'first-release', backendRefs: [{ name, port: 8080, weight: 1 }] }],
    });
  });

  it('leads the hosts alone, or every host where one is an address', async () => {
    const [names] = await objects({ hosts: 'a.example,b.example' }, ['route']);
    expect(names?.['spec']).toMatchObject({ hostnames: ['a.example', 'b.example'] });
    const [address] = await objects({ hosts: 'a.example,127.0.0.1' }, ['route']);
    expect(address?.['spec']).not.toHaveProperty('hostnames');
  });

  it.each(['base', 'subsets', 'route', 'route-all'])('is refused by %s when it is neither', async (set) => {
    await expect(rendered({ routing: 'gateway' }, [set])).rejects.toThrow(
      'routing must be virtual-service or http-route, it is gateway',
    );
  });
});
