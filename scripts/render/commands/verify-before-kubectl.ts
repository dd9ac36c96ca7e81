/** The look at the routes for what kubectl is about to send: at the cluster that kubectl will take. */
import { connectCluster, type Cluster } from '../../shared/cluster/cluster.ts';
import { chooseCluster, type ClusterChoice } from '../../shared/cluster/flags.ts';
import { parseObjects } from '../sets/parse-objects.ts';
import type { RenderedFile } from '../sets/render-sets.ts';
import type { ClusterFlags } from './command-line.ts';
import type { SendSurroundings } from './surroundings.ts';
import { DeadRouteError, notLookedAt, verifyRoutes } from './verify-routes.ts';

/**
 * What keeps this program from looking (no right, a cluster that only kubectl finds, YAML that only kubectl
 * reads) is told and keeps nobody from sending.
 */
export async function verifyBeforeKubectl(
  flags: ClusterFlags,
  files: readonly RenderedFile[],
  { environment, home, stderr, signal }: SendSurroundings & { home: string | undefined },
): Promise<void> {
  const warn = (text: string) => stderr(`warning: ${text}\n`);
  let cluster: Cluster | undefined;
  try {
    const objects = parseObjects(files);
    const choice = chooseAsKubectl(flags, environment, home);
    cluster = await connectCluster(choice, { fieldManager: 'render', signal });
    await verifyRoutes(cluster, objects, warn);
  } catch (error) {
    if (signal.aborted || error instanceof DeadRouteError) throw error;
    warn(notLookedAt(error));
  } finally {
    await cluster?.close();
  }
}

/** Where nothing names a cluster, kubectl takes the current context of the user's own kubeconfig. */
function chooseAsKubectl(
  flags: ClusterFlags,
  env: NodeJS.ProcessEnv,
  home: string | undefined,
): ClusterChoice {
  const isNamed = flags.kubeconfig !== undefined || flags.context !== undefined;
  if (isNamed || (env['KUBECONFIG'] ?? '') !== '' || home === undefined)
    return chooseCluster(flags, { env, home });
  return chooseCluster({ ...flags, kubeconfig: `${home}/.kube/config` }, { env, home });
}
