import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { loadArguments, type LoadProcessOptions } from '../../load/index.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';

interface Container {
  name: string;
  image: string;
  args: string[];
}

/** The load's own Job, as `scripts/load/in-cluster/job.yaml` has it. */
export interface LoadJob extends KubernetesObject {
  spec: {
    activeDeadlineSeconds: number;
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[] };
    };
  };
}

const file = fileURLToPath(new URL('../../load/in-cluster/job.yaml', import.meta.url));

/** Without a sidecar, as callers outside the mesh; it runs until SIGTERM. */
export async function loadJob(
  name: string,
  { namespace, image, load }: { namespace: string; image: string; load: LoadProcessOptions },
): Promise<LoadJob> {
  const job = parse(await readFile(file, 'utf8')) as LoadJob;
  const { template } = job.spec;
  const [container] = template.spec.containers;
  if (!container) throw new Error(`${file} has no container.`);
  const args = ['--json', '--progress-json', ...loadArguments(load)];
  const labels = { ...template.metadata.labels, 'sidecar.istio.io/inject': 'false' };
  return {
    ...job,
    metadata: { name, namespace },
    spec: {
      ...job.spec,
      activeDeadlineSeconds: Math.ceil(load.longestMs / 1000) + 120,
      template: {
        ...template,
        metadata: { labels },
        spec: { ...template.spec, containers: [{ ...container, image, args }] },
      },
    },
  };
}
