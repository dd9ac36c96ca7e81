/**
 * Several kubeconfig files as one:
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
import { UsageError, messageOf } from '../../errors.ts';
import { readKubeconfig } from './read-file.ts';
import type { Kubeconfig } from './read-file.ts';

/** Some of the files are not kubeconfigs. */
export class UnusableKubeconfigs extends UsageError {
  readonly files: readonly string[];

  constructor(failures: readonly { file: string; error: unknown }[]) {
    super(failures.map(({ error }) => messageOf(error)).join('; '), { cause: failures[0]?.error });
    this.files = failures.map(({ file }) => file);
  }
}

/**
 * The first file that names a cluster, a user, a context or the current context wins; fields within an entry
 * are not merged. A file named twice is read once. With `text`, the one file has been read already.
 * @throws {UnusableKubeconfigs} that names each file that is none
 */
export function readKubeconfigs(files: readonly string[], { text }: { text?: string } = {}): Kubeconfig {
  const failures: { file: string; error: unknown }[] = [];
  const read = [...new Set(files)].flatMap((file) => {
    try {
      return [readKubeconfig(file, text === undefined ? {} : { text })];
    } catch (error) {
      failures.push({ file, error });
      return [];
    }
  });
  if (failures.length > 0) throw new UnusableKubeconfigs(failures);
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
  // In a Map later entries replace earlier ones, so go backwards.
  return new Map([...maps].reverse().flatMap((map) => [...map]));
}
