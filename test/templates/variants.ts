import { fileURLToPath } from 'node:url';
import { parseObjects, renderSets } from '../../scripts/render/index.ts';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Variant {
  title: string;
  set: string;
  objects: KubernetesObject[];
}

const sidecarChoices = { sidecar: ['native', 'classic'], lifecycle: ['app', 'sidecar'] };
const meshChoices = { pod: ['correct', 'naive'], ...sidecarChoices };

/** Every combination of the values that change what the Deployment renders to. */
function combinations(choices: Record<string, string[]>): Record<string, string>[] {
  let found: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(choices))
    found = found.flatMap((vars) => values.map((value) => ({ ...vars, [name]: value })));
  return found;
}

async function render(folder: 'k8s' | 'istio', vars: Record<string, string>): Promise<Variant[]> {
  const files = await renderSets(`${root}/${folder}/cluster.yaml`, { vars });
  const values = Object.entries(vars).map(([name, value]) => `${name}=${value}`);
  return [...new Set(files.map(({ set }) => set))].map((set) => ({
    title: [`${folder}/${set}`, ...values].join(' '),
    set,
    objects: parseObjects(files.filter((file) => file.set === set)),
  }));
}

/** Every resource set of both cluster files, for every combination of their values. */
export async function everyVariant(): Promise<Variant[]> {
  const rendered = await Promise.all([
    ...combinations(sidecarChoices).map((vars) => render('k8s', vars)),
    render('istio', { subsets: 'v1,v2' }),
    render('istio', { retries: '0' }),
    render('istio', { routing: 'http-route' }),
    render('istio', { routing: 'http-route', retries: '0', hosts: 'coffee-shop.example' }),
    ...combinations(meshChoices).map((vars) => render('istio', vars)),
  ]);
  return rendered.flat();
}
