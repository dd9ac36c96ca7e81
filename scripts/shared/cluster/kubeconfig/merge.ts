/** Several kubeconfig files as one: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files */
import { UsageError } from '../../errors.ts';
import { readKubeconfig } from './read-file.ts';
import type { Kubeconfig } from './read-file.ts';

/**
 * The first file that names a cluster, a user, a context or the current context has the say; nothing is mixed within an entry.
 * A file named twice is read once.
 * @param text what the one file says, where it has been read already: then it is not opened again
 * @throws {UsageError} with a line for each file that is none
 */
export function readKubeconfigs(files: readonly string[], text?: string): Kubeconfig {
  const failures: unknown[] = [];
  const read = [...new Set(files)].flatMap((file) => {
    try {
      return [readKubeconfig(file, text)];
    } catch (error) {
      failures.push(error);
      return [];
    }
  });
  if (failures.length > 0)
    throw new UsageError(failures.map((error) => (error as Error).message).join('\n'), {
      cause: failures[0],
    });
  return mergeKubeconfigs(read);
}

export function mergeKubeconfigs(files: readonly Kubeconfig[]): Kubeconfig {
  return {
    currentContext: files.find(({ currentContext }) => currentContext !== '')?.currentContext ?? '',
    clusters: firstOfEach(files.map(({ clusters }) => clusters)),
    users: firstOfEach(files.map(({ users }) => users)),
    contexts: firstOfEach(files.map(({ contexts }) => contexts)),
  };
}

function firstOfEach<T>(maps: readonly Map<string, T>[]): Map<string, T> {
  // Later entries of a Map's source replace earlier ones.
  return new Map([...maps].reverse().flatMap((map) => [...map]));
}
