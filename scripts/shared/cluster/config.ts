/** Which kubeconfig, which context: read by @kubernetes/client-node, with errors that name the file. */
import { KubeConfig } from '@kubernetes/client-node';
import type { ClusterChoice } from './flags.ts';
import { UsageError, messageOf } from '../errors.ts';

export function loadKubeConfig({ kubeconfigs, kubeconfigText, context }: ClusterChoice): KubeConfig {
  const config = new KubeConfig();
  for (const [index, file] of kubeconfigs.entries()) {
    try {
      const next = index === 0 ? config : new KubeConfig();
      if (kubeconfigText === undefined) next.loadFromFile(file);
      else next.loadFromString(kubeconfigText);
      // kubectl lets the first file win; mergeConfig would let the last one choose the context.
      if (index > 0) config.mergeConfig(next, true);
    } catch (error) {
      throw new UsageError(`${file} is not a usable kubeconfig: ${messageOf(error)}`, { cause: error });
    }
  }
  const files = kubeconfigs.join(', ');
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new UsageError(
        `There is no context "${context}" in ${files}; it has ${names.join(', ') || 'none'}.`,
      );
    }
    config.setCurrentContext(context);
  }
  if (!config.getCurrentCluster())
    throw new UsageError(`${files} names no current context; choose one with --context.`);
  return config;
}
