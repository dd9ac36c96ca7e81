import { InputError } from '../sets/input-error.ts';
import type { RenderRun } from '../sets/render-sets.ts';
import { ownFolder } from '../../shared/own-folder.ts';
import { findPlaygroundCluster } from '../../shared/running-playground.ts';
import { homeFolder } from '../../shared/user.ts';
import type { ClusterFlags } from './command-line.ts';
import { findKubectl, runKubectl } from './kubectl.ts';
import type { SendCommand, SendSurroundings } from './surroundings.ts';

/** Sends rendered sets by kubectl, or to the API server itself where there is no kubectl. */
export async function sendToCluster(
  line: SendCommand,
  run: RenderRun,
  surroundings: SendSurroundings,
): Promise<void> {
  const context = agreedContext(line.cluster.context, run.cluster.context, line.file);
  const cluster = { ...line.cluster, context };
  const isGuarded =
    !line.forceDeadRoutes && (line.command === 'apply' || line.command === 'replace') && decidesTraffic(run);
  const kubectl = line.cluster.kubectl ?? findKubectl(surroundings.environment);
  if (kubectl !== undefined) {
    const environment = withPlayground(cluster, surroundings);
    if (isGuarded) {
      const { verifyBeforeKubectl } = await import('./verify-before-kubectl.ts');
      const files = run.sets.flatMap((set) => set.files);
      await verifyBeforeKubectl(cluster, files, { ...surroundings, environment, home: homeFolder() });
    }
    await runKubectl(kubectl, { ...line, cluster }, run, { ...surroundings, environment });
    return;
  }
  if (line.command !== 'apply' && line.command !== 'delete') {
    throw new InputError(
      `${line.command} needs kubectl, and there is none on PATH. Install it or name it with --kubectl.`,
      1,
    );
  }
  const { sendDirectly } = await import('./direct.ts');
  const how = { dryRun: line.dryRun, verifiesRoutes: isGuarded };
  await sendDirectly(line.command, how, cluster, run, { ...surroundings, home: homeFolder() });
}

/** Whether any object may be a VirtualService or DestinationRule. */
const decidesTraffic = (run: RenderRun): boolean =>
  run.sets.some(({ files }) => files.some(({ text }) => text.includes('networking.istio.io/')));

/** `--context` may repeat the cluster file's context, not contradict it. */
function agreedContext(flag: string | undefined, inFile: string, file: string): string | undefined {
  if (flag !== undefined && inFile !== '' && flag !== inFile) {
    throw new InputError(`${file} is for context ${inFile}, not for --context ${flag}. Nothing was sent.`, 2);
  }
  return flag ?? (inFile === '' ? undefined : inFile);
}

/** Without a cluster named, use a running playground rather than kubectl's current context. */
function withPlayground(cluster: ClusterFlags, { environment, stderr }: SendSurroundings): NodeJS.ProcessEnv {
  const isNamed = cluster.context !== undefined || cluster.kubeconfig !== undefined;
  if (isNamed || (environment['KUBECONFIG'] ?? '') !== '') return environment;
  const playground = findPlaygroundCluster(ownFolder(environment));
  if (playground !== undefined) return { ...environment, KUBECONFIG: playground.kubeconfig };
  stderr('warning: no context named: kubectl uses its current one.\n');
  return environment;
}
