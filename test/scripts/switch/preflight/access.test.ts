import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { ClusterError } from '../../../../scripts/shared/cluster/errors.ts';
import { neededRights, verifyAccess } from '../../../../scripts/switch/preflight/access.ts';

interface Attributes {
  verb: string;
  group: string;
  resource: string;
  subresource: string;
  namespace: string;
}
const clusterThat = (answer: (attributes: Attributes) => boolean | ClusterError): Cluster =>
  ({
    namespace: 'shop',
    create: (review: { spec: { resourceAttributes: Attributes } }) => {
      const allowed = answer(review.spec.resourceAttributes);
      return allowed instanceof ClusterError
        ? Promise.reject(allowed)
        : Promise.resolve({ status: { allowed } });
    },
  }) as unknown as Cluster;

const rights = neededRights.flatMap(({ verbs, ...right }) => verbs.map((verb) => ({ ...right, verb })));

describe('verifyAccess', () => {
  it('is content when everything is allowed', async () => {
    await expect(verifyAccess(clusterThat(() => true))).resolves.toBeUndefined();
  });

  it.each(
    rights.map(
      (right) => [right.verb, [right.resource, right.subresource].filter(Boolean).join('/'), right] as const,
    ),
  )('names the missing right to %s %s', async (verb, what, right) => {
    const cluster = clusterThat(
      (asked) =>
        !(
          asked.verb === verb &&
          asked.resource === right.resource &&
          asked.subresource === (right.subresource ?? '') &&
          asked.namespace === (right.everywhere ? '' : 'shop')
        ),
    );
    const place = right.everywhere ? 'every namespace' : 'shop';
    const group = right.group ? `.${right.group}` : '';
    await expect(verifyAccess(cluster)).rejects.toThrow(
      `Not allowed: ${verb} ${what}${group} in ${place}. Nothing was changed.`,
    );
  });

  it('goes on where such questions are not answered', async () => {
    const forbidden = new ClusterError('no', { status: 403, reason: 'Forbidden' });
    await expect(verifyAccess(clusterThat(() => forbidden))).resolves.toBeUndefined();
  });
});
