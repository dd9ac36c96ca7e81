import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseObjects, renderSets } from '../render/index.ts';
import type { Deployment, KubernetesObject } from '../shared/kubernetes.ts';
import type { Scenario } from './scenarios.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function render(
  folder: 'k8s' | 'istio',
  include: string[],
  vars: Record<string, string>,
): Promise<KubernetesObject[]> {
  const rendered = await renderSets(path.join(root, folder, 'cluster.yaml'), { include, vars });
  return parseObjects(rendered);
}

/** Template values that the environment adds, such as an image. */
export type PlaceVars = Record<string, string>;

/** The objects at the start of a scenario, with v1 serving: from the same templates that a user applies. */
export async function objectsToStartFrom(
  scenario: Scenario,
  vars: PlaceVars = {},
): Promise<KubernetesObject[]> {
  const { mesh, pod, sidecar, release } = scenario;
  if (!mesh) return render('k8s', ['service', pod], { ...vars, version: 'v1' });
  if (release === 'rolling') {
    return [
      ...(await render('istio', ['base', 'route-all'], vars)),
      ...(await rollingDeployment(scenario, 'v1', vars)),
    ];
  }
  return render('istio', ['base', 'subsets', 'route', 'version'], {
    ...vars,
    version: 'v1',
    live: 'v1',
    subsets: 'v1',
    pod,
    sidecar,
  });
}

/** The one Deployment of a rolling update. In the mesh it says which kind of sidecar it wants. */
export async function rollingDeployment(
  { mesh, pod, sidecar }: Scenario,
  version: string,
  vars: PlaceVars = {},
): Promise<KubernetesObject[]> {
  const objects = await render('k8s', [pod], { ...vars, version });
  return mesh ? objects.map((object) => withSidecar(object as Deployment, sidecar)) : objects;
}

/** The Deployment of one version, for releases that keep two of them. */
export function versionDeployment(
  { pod, sidecar }: Scenario,
  version: string,
  vars: PlaceVars = {},
): Promise<KubernetesObject[]> {
  return render('istio', ['version'], { ...vars, version, pod, sidecar });
}

/** What lets a route name these versions: a DestinationRule, or their Services. */
export function subsetsOf(versions: string[], vars: PlaceVars = {}): Promise<KubernetesObject[]> {
  return render('istio', ['subsets'], { ...vars, subsets: versions.join(',') });
}

export function routeTo(live: string, vars: PlaceVars = {}): Promise<KubernetesObject[]> {
  return render('istio', ['route'], { ...vars, live, marker: `all-to-${live}` });
}

function withSidecar(deployment: Deployment, sidecar: Scenario['sidecar']): Deployment {
  const { template } = deployment.spec;
  const metadata = template.metadata ?? {};
  const annotations = {
    ...metadata.annotations,
    'sidecar.istio.io/nativeSidecar': String(sidecar === 'native'),
  };
  return {
    ...deployment,
    spec: { ...deployment.spec, template: { ...template, metadata: { ...metadata, annotations } } },
  };
}
