import { describe, expect, it } from '@jest/globals';
import { objectsToStartFrom, rollingDeployment, versionDeployment } from '../../../scripts/demo/objects.ts';
import { findScenario, type ScenarioId } from '../../../scripts/demo/scenarios.ts';
import type { Deployment } from '../../../scripts/shared/kubernetes.ts';

async function kinds(id: ScenarioId, vars: Record<string, string> = {}): Promise<string[]> {
  const objects = await objectsToStartFrom(findScenario(id), vars);
  return objects.map(({ kind, metadata }) => `${String(kind)} ${metadata.name}`).sort();
}

describe('what a scenario starts from', () => {
  it('is a Service and one Deployment without a mesh', async () => {
    expect(await kinds('plain-naive')).toEqual(['Deployment coffee-shop', 'Service coffee-shop']);
  });

  it('is a route to every version for a rolling update in the mesh', async () => {
    expect(await kinds('istio-rolling-naive')).toEqual([
      'Deployment coffee-shop',
      'Gateway coffee-shop',
      'Service coffee-shop',
      'VirtualService coffee-shop',
    ]);
  });

  it.each<ScenarioId>(['istio-script', 'istio-switch'])(
    'is a Deployment and a subset per version for %s',
    async (id) => {
      expect(await kinds(id)).toEqual([
        'Deployment coffee-shop-v1',
        'DestinationRule coffee-shop',
        'Gateway coffee-shop',
        'Service coffee-shop',
        'VirtualService coffee-shop',
      ]);
    },
  );

  it('is an HTTPRoute and a Service per version where it routes so', async () => {
    expect(await kinds('istio-switch', { routing: 'http-route' })).toEqual([
      'Deployment coffee-shop-v1',
      'DestinationRule coffee-shop',
      'Gateway coffee-shop',
      'HTTPRoute coffee-shop',
      'Service coffee-shop',
      'Service coffee-shop-v1',
    ]);
  });
});

describe('the Deployment of a scenario', () => {
  it.each<[ScenarioId, string]>([
    ['istio-rolling-classic', 'false'],
    ['istio-rolling-native', 'true'],
  ])('of %s asks for its kind of sidecar (native: %s)', async (id, native) => {
    const [deployment] = (await rollingDeployment(findScenario(id), 'v2')) as Deployment[];
    expect(deployment?.spec.template.metadata?.annotations).toMatchObject({
      'sidecar.istio.io/nativeSidecar': native,
    });
    expect(deployment?.spec.template.metadata?.labels).toMatchObject({ version: 'v2' });
  });

  it.each<[ScenarioId, boolean]>([
    ['istio-switch', true],
    ['istio-switch-correct', false],
  ])('of %s ends as its scenario says (naive: %s)', async (id, naive) => {
    const [deployment] = (await versionDeployment(findScenario(id), 'v2')) as Deployment[];
    expect(JSON.stringify(deployment).includes('"SHUTDOWN"')).toBe(naive);
  });
});
