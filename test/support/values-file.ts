/** A team's own copy of istio/, and how far the rendering of its cluster file is from the cluster. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundleCommand } from '../../scripts/render/bundle.ts';
import { parseObjects, renderSets } from '../../scripts/render/index.ts';
import type { Cluster } from '../../scripts/shared/cluster/cluster.ts';
import { withoutServers } from '../../scripts/switch/changes/describe-change.ts';
import { diffObjects } from '../../scripts/shared/diff-objects.ts';
import { root } from './root.ts';
import { runTool } from './tools/run-tool.ts';
import { findTools } from './tools/tools.ts';

/** The sets of a shop whose versions are switched. */
export const sets = ['base', 'version', 'subsets', 'route'];

export interface ValuesFile {
  file: string;
  read(): string;
  write(text: string): void;
}

/**
 * The starter's own, comments and all, with pods that exit at once and without retries: what is
 * lost, is seen.
 * @param folder where the copy of istio/ goes
 */
export function copyValuesFile(folder: string, { replicas = 1 }: { replicas?: number } = {}): ValuesFile {
  cpSync(path.join(root, 'istio'), folder, { recursive: true });
  const file = path.join(folder, 'cluster.yaml');
  const text = readFileSync(file, 'utf8')
    .replace('pod: correct #', 'pod: naive #')
    .replace('# retries: 0 #', 'retries: 0 #')
    .replace('replicas: 2', `replicas: ${replicas}`);
  writeFileSync(file, text);
  return {
    file,
    read: () => readFileSync(file, 'utf8'),
    write: (content) => writeFileSync(file, content),
  };
}

/** `render template FILE | kubectl diff -f -`, where there is a kubectl. Empty: nothing differs. */
export async function diffOf(
  { file }: Pick<ValuesFile, 'file'>,
  { cluster, kubeconfig, folder }: { cluster: Cluster; kubeconfig: string; folder: string },
): Promise<string> {
  const tools = await findTools();
  if (typeof tools === 'string') return diffWithoutKubectl(file, cluster);
  const render = await bundleCommand();
  try {
    const args = sets.flatMap((name) => ['-i', name]);
    const { stdout: input } = await promisify(execFile)(process.execPath, [
      render.program,
      'template',
      file,
      ...args,
    ]);
    const env = { HOME: folder, KUBECONFIG: kubeconfig, PATH: process.env['PATH'] ?? '' };
    const { exit, stdout, stderr } = await runTool(tools.kubectl, ['diff', '-f', '-'], { env, input });
    // 0: nothing differs; 1: something does; more: it could not be told.
    if (exit > 1) throw new Error(`kubectl diff ended with ${exit}: ${stderr}`);
    return stdout;
  } finally {
    render.remove();
  }
}

export interface Applied {
  code: number;
  stderr: string;
}

/**
 * `npm run render -- apply FILE -i …`, as a pipeline does.
 * @param program the bundled command
 * @param kubectl default: none, render sends the objects itself
 */
export function applyFile(
  { file }: Pick<ValuesFile, 'file'>,
  { program, kubeconfig, kubectl }: { program: string; kubeconfig: string; kubectl?: string | undefined },
  ...more: string[]
): Promise<Applied> {
  const how = kubectl === undefined ? [] : ['--kubectl', kubectl];
  const args = [...sets.flatMap((name) => ['-i', name]), '--kubeconfig', kubeconfig, ...how, ...more];
  // No other kubectl, wherever this runs.
  const env = { PATH: path.dirname(process.execPath), HOME: path.dirname(file) };
  return new Promise((resolve) =>
    execFile(process.execPath, [program, 'apply', file, ...args], { env }, (error, _stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stderr }),
    ),
  );
}

/** As the API server's own dry run says it. */
async function diffWithoutKubectl(file: string, cluster: Cluster): Promise<string> {
  const objects = parseObjects(await renderSets(file, { include: sets }));
  const lines = await Promise.all(
    objects.map(async (object) => {
      const resource = await cluster.resourceOf(object);
      const live = await cluster.get(resource, object.metadata.name);
      const placed = { ...object, metadata: { ...object.metadata, namespace: cluster.namespace } };
      const after = await cluster.apply(placed, { dryRun: true, force: true });
      return diffObjects(withoutServers(live), withoutServers(after));
    }),
  );
  return lines.flat().join('\n');
}
