/** Checks the routes of what kubectl is about to send, in the cluster that kubectl will use. */
import { connectCluster, type Cluster } from '../../shared/cluster/cluster.ts';
import { chooseCluster, type ClusterChoice } from '../../shared/cluster/flags.ts';
import { parseObjects } from '../sets/parse-objects.ts';
import type { RenderedFile } from '../sets/render-sets.ts';
import type { ClusterFlags } from './command-line.ts';
import type { SendSurroundings } from './surroundings.ts';
import { DeadRouteError, notLookedAt, verifyRoutes } from './verify-routes.ts';

/**
 * When the check is impossible (no right, a cluster that only kubectl
 * finds, YAML that only kubectl reads), it warns and does not block.
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

/** Without a cluster named, kubectl uses the current context of the user's own kubeconfig. */
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
