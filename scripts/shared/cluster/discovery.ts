/** API discovery, for kinds that the scripts do not name, such as a team's custom resources. */
import { isNotFound } from './errors.ts';
import type { Transport } from './transport.ts';
import { CommandError } from '../errors.ts';
import type { Resource } from '../resources.ts';

/** `APIResourceList`: https://kubernetes.io/docs/reference/using-api/api-concepts/#discovery-api */
interface ResourceList {
  resources?: { name: string; kind: string; namespaced: boolean }[];
}

/** @throws {CommandError} when the server has no such kind: its CustomResourceDefinition may be missing */
export async function discover(ask: Transport['ask'], apiVersion: string, kind: string): Promise<Resource> {
  const slash = apiVersion.indexOf('/');
  const group = apiVersion.slice(0, Math.max(0, slash));
  const path = group === '' ? `/api/${apiVersion}` : `/apis/${apiVersion}`;
  const list = await (
    ask({ method: 'GET', path, asked: `discover ${apiVersion}` }) as Promise<ResourceList>
  ).catch((error: unknown): ResourceList => {
    // An unknown group is a plain 404, without a Status.
    if (isNotFound(error) || (error as { status?: unknown }).status === 404) return {};
    throw error;
  });
  // `deployments/status` is of kind Deployment too.
  const found = list.resources?.find((one) => one.kind === kind && !one.name.includes('/'));
  if (found === undefined)
    throw new CommandError(
      `The cluster knows no ${kind} in ${apiVersion}; if it is a custom resource, its CustomResourceDefinition is not installed.`,
    );
  return {
    group,
    version: apiVersion.slice(slash + 1),
    plural: found.name,
    kind,
    namespaced: found.namespaced,
  };
}
