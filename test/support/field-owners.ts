/** Who owns fields of a playground's objects, and files that somebody applies without force. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseObjects, renderSets } from '../../scripts/render/index.ts';
import { connectCluster } from '../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { root, type CoffeeCluster } from './cluster.ts';
import { runTool } from './tools/run-tool.ts';
import { findTools } from './tools/tools.ts';

/** What the author has in Git. */
export const authorsValues = { pod: 'naive', replicas: '1', retries: '0' };

/** The objects whose fields the switch owns. */
export async function ownedBySwitch({ cluster }: CoffeeCluster): Promise<string[]> {
  const kinds = [
    resources.virtualServices,
    resources.destinationRules,
    resources.deployments,
    resources.horizontalPodAutoscalers,
    resources.services,
  ];
  const all = await Promise.all(kinds.map((resource) => cluster.list(resource)));
  return all.flat().flatMap(({ metadata }) => {
    const entries = (metadata['managedFields'] ?? []) as { manager?: string }[];
    return entries.some(({ manager }) => manager === 'zero-downtime-switch') ? [metadata.name] : [];
  });
}

/** The author's files, with `version` serving. */
export async function filesOf(
  version: string,
  more: Record<string, string> = {},
): Promise<KubernetesObject[]> {
  const vars = { ...authorsValues, version, live: version, subsets: version, ...more };
  const include = ['version', 'subsets', 'route', 'autoscaler'];
  return parseObjects(await renderSets(path.join(root, 'istio/cluster.yaml'), { include, vars }));
}

/**
 * Applies them as somebody else, without force: by kubectl where there
 * is one. Resolves with what the server refused, or ''.
 */
export async function applyAs(
  manager: string,
  { playground: { kubeconfig } }: CoffeeCluster,
  objects: KubernetesObject[],
): Promise<string> {
  const tools = await findTools();
  return typeof tools === 'string'
    ? applyBySwitchClient(manager, kubeconfig, objects)
    : applyByKubectl(tools.kubectl, manager, kubeconfig, objects);
}

async function applyBySwitchClient(
  fieldManager: string,
  kubeconfig: string,
  objects: KubernetesObject[],
): Promise<string> {
  const author = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager });
  try {
    for (const object of objects) await author.apply(object);
    return '';
  } catch (error) {
    return String(error);
  } finally {
    await author.close();
  }
}

async function applyByKubectl(
  kubectl: string,
  manager: string,
  kubeconfig: string,
  objects: KubernetesObject[],
): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ownership-'));
  try {
    const file = path.join(folder, 'files.yaml');
    writeFileSync(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
    const { exit, stderr } = await runTool(
      kubectl,
      ['apply', '--server-side', `--field-manager=${manager}`, '-f', file],
      { env: { HOME: folder, KUBECONFIG: kubeconfig, PATH: process.env['PATH'] ?? '' } },
    );
    return exit === 0 ? '' : stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
