/** Which kubeconfig, which context: everything that a cluster is reached by, read as kubectl reads it. */
import type { ClusterChoice } from './flags.ts';
import { chooseConnection } from './kubeconfig/connection.ts';
import type { Connection } from './kubeconfig/connection.ts';
import { readKubeconfigs } from './kubeconfig/merge.ts';

export type { Connection } from './kubeconfig/connection.ts';

/** @throws {UsageError} that names the file, the entry and the field that cannot be used */
export function loadKubeConfig({
  kubeconfigs,
  kubeconfigText,
  context,
  namespace,
}: ClusterChoice): Connection {
  const text = kubeconfigText === undefined ? {} : { text: kubeconfigText };
  return chooseConnection(readKubeconfigs(kubeconfigs, text), {
    files: kubeconfigs,
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
  });
}
