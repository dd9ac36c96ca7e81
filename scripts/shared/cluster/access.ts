/** Checks the rights that a command needs, before it does anything. */
import { CommandError } from '../errors.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import type { Cluster } from './cluster.ts';
import { isOutOfReach } from './errors.ts';

export interface Right {
  group?: string;
  resource: string;
  subresource?: string;
  verbs: string[];
  /** Needed in every namespace: callers, gateways and istiod live elsewhere. */
  everywhere?: boolean;
}

interface AccessReview extends KubernetesObject {
  status?: { allowed?: boolean; reason?: string };
}

/**
 * A server that does not answer access reviews will refuse the requests themselves.
 * @param ownNamespace by default the connection's; it need not exist yet
 * @throws {CommandError} that names every right that is missing
 */
export async function verifyRights(
  cluster: Cluster,
  rights: Right[],
  {
    signal,
    ownNamespace = cluster.namespace,
  }: { signal?: AbortSignal | undefined; ownNamespace?: string } = {},
): Promise<void> {
  const questions = rights.flatMap(({ verbs, ...right }) => verbs.map((verb) => ({ ...right, verb })));
  const answers = await Promise.all(
    questions.map(async ({ verb, group = '', resource, subresource = '', everywhere = false }) => {
      const namespace = everywhere ? '' : ownNamespace;
      const review = await cluster
        .create<AccessReview>(
          {
            apiVersion: 'authorization.k8s.io/v1',
            kind: 'SelfSubjectAccessReview',
            // A review is an answer, not an object: it has no name.
            metadata: {} as KubernetesObject['metadata'],
            spec: { resourceAttributes: { verb, group, resource, subresource, namespace } },
          },
          { signal },
        )
        .catch((error: unknown) => {
          if (isOutOfReach(error)) return undefined;
          throw error;
        });
      const what = `${verb} ${resource}${subresource ? `/${subresource}` : ''}${group ? `.${group}` : ''}`;
      return review?.status?.allowed === false ? `${what} in ${namespace || 'every namespace'}` : undefined;
    }),
  );
  const missing = [...new Set(answers.filter((answer) => answer !== undefined))];
  if (missing.length > 0) {
    throw new CommandError(`Not allowed: ${missing.join(', ')}. Nothing was changed.`);
  }
}
