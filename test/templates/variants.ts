import { fileURLToPath } from 'node:url';
import { parseObjects, renderSets } from '../../scripts/render/index.ts';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Variant {
  title: string;
  set: string;
  objects: KubernetesObject[];
}

const choices = {
  pod: ['correct', 'naive'],
  sidecar: ['native', 'classic'],
  lifecycle: ['app', 'sidecar'],
};

/** Every combination of the values that change what the set `version` renders to. */
function combinations(): Record<string, string>[] {
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

/** Every resource set of both cluster files; of istio/, for every combination of its values. */
export async function everyVariant(): Promise<Variant[]> {
  const rendered = await Promise.all([
    render('k8s', {}),
    render('istio', { subsets: 'v1,v2' }),
    render('istio', { retries: '0' }),
    ...combinations().map((vars) => render('istio', vars)),
  ]);
  return rendered.flat();
}
