/** The flags that choose a cluster. No command ever picks a real cluster silently. */
import { existsSync, statSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { ownFolder, whyNotOwn } from '../own-folder.ts';
import { findPlaygroundCluster } from '../running-playground.ts';
import type { RunningPlayground } from '../running-playground.ts';

/** Spread into the `options` of `parseArgs`. */
export const clusterFlags = {
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
} as const;

export const clusterFlagsHelp = `  --kubeconfig FILE    kubeconfig of the cluster (else KUBECONFIG, else the running playground)
  --context NAME       context in it (alone: in the default kubeconfig)
  -n, --namespace NAME namespace (default: the context's)`;

export interface ClusterFlags {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  namespace?: string | undefined;
}

/** A kubeconfig to read, and the context and namespace to use. */
export interface ClusterChoice {
  /** Paths of kubeconfig files; several are merged, as kubectl does for a KUBECONFIG with several entries. */
  kubeconfigs: string[];
  /**
   * The text of the one kubeconfig, where it has been read and
   * validated already: its path is not opened again.
   */
  kubeconfigText?: string;
  context?: string;
  namespace?: string;
}

export interface ClusterSurroundings {
  env: NodeJS.ProcessEnv;
  /** The home folder, where there is one. */
  home: string | undefined;
  playground?: () => RunningPlayground | undefined;
}

/**
 * Chooses the cluster: `--kubeconfig`, else `KUBECONFIG`, else (with `--context` only) `~/.kube/config`, else
 * the running playground. The user's default kubeconfig is used only when `--context` names a cluster in it.
 */
export function chooseCluster(
  flags: ClusterFlags,
  { env, home, playground = () => findPlaygroundCluster(ownFolder(env)) }: ClusterSurroundings,
): ClusterChoice {
  const rest = {
    ...(flags.context === undefined ? {} : { context: flags.context }),
    ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
  };
  if (flags.kubeconfig !== undefined) {
    if (isMissing(flags.kubeconfig))
      throw new UsageError(`--kubeconfig: there is no file ${flags.kubeconfig}.`);
    return { kubeconfigs: [flags.kubeconfig], ...rest };
  }
  const { KUBECONFIG } = env;
  if (KUBECONFIG) {
    const separator = process.platform === 'win32' ? ';' : ':';
    const kubeconfigs = KUBECONFIG.split(separator).filter((file) => file !== '' && !isMissing(file));
    if (kubeconfigs.length === 0) throw new UsageError(`KUBECONFIG: there is no file ${KUBECONFIG}.`);
    return { kubeconfigs, ...rest };
  }
  if (flags.context !== undefined) {
    if (home === undefined)
      throw new UsageError(
        `--context ${flags.context}: there is no home folder to look for .kube/config in (HOME is not set); name a file with --kubeconfig.`,
      );
    const file = `${home}/.kube/config`;
    if (isMissing(file))
      throw new UsageError(`--context ${flags.context}: there is no ${file}; name a file with --kubeconfig.`);
    return { kubeconfigs: [file], ...rest };
  }
  const running = playground();
  if (running === undefined) {
    const folder = ownFolder(env);
    const stranger = existsSync(folder) ? whyNotOwn(folder) : undefined;
    throw new UsageError(
      `No cluster named and no playground running. Start one with "npm run playground", or name a cluster with --kubeconfig, --context or KUBECONFIG.${stranger === undefined ? '' : `\n${stranger}`}`,
    );
  }
  const { kubeconfig, kubeconfigText } = running;
  return { kubeconfigs: [kubeconfig], ...(kubeconfigText === undefined ? {} : { kubeconfigText }), ...rest };
}

/**
 * As kubectl skips a file of the list: only when it does not exist.
 * One without permission fails when it is read.
 */
export function isMissing(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}
