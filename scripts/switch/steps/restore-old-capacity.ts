/** First step of a roll back: the current version may be scaled down, and must carry all traffic again. */
import { CommandError, messageOf } from '../../shared/errors.ts';
import { resources } from '../../shared/resources.ts';
import { holdSize } from '../changes/autoscaler.ts';
import { patchOf } from '../changes/change.ts';
import { readyPods } from '../cluster-state/ready-pods.ts';
import { canServeAgain, findVersion, listVersions } from '../cluster-state/versions.ts';
import { waitUntilReady } from '../cluster-state/wait-until-ready.ts';
import type { SwitchContext } from '../context.ts';
import type { NamedPart } from '../step.ts';

export const restoreOldCapacity: NamedPart = {
  name: 'restore-old-capacity',
  title: ({ deployments }) => `Restore ${deployments.from}'s size`,
  subject: ({ deployments }) => ({ kind: 'Deployment', name: deployments.from }),
  async changes(context) {
    const { cluster, from, to } = context;
    const versions = await listVersions(cluster, context);
    const current = findVersion(versions, from);
    if (!canServeAgain(current)) throw new PointOfNoReturnError(from);
    const size = Math.max(current.spec.replicas ?? 1, findVersion(versions, to)?.spec.replicas ?? 0);
    return [
      ...(await holdSize(context, current.metadata.name, size)),
      ...((current.spec.replicas ?? 1) < size
        ? [patchOf(resources.deployments, current, { spec: { replicas: size } })]
        : []),
    ];
  },
  claim: (context) => ({
    text: `${context.from} is rolled out, every pod ready`,
    prove: async () => ({ detail: await readyEnough(context) }),
  }),
};

/** Does not insist on the last pod: a version that lacks one serves better than the failed candidate. */
async function readyEnough(context: SwitchContext): Promise<string> {
  try {
    return await waitUntilReady(context, context.from, { smoke: false });
  } catch (error) {
    const { addresses } = await readyPods(context, context.from);
    if (context.signal.aborted || addresses.size === 0) throw error;
    return messageOf(error);
  }
}

/** The current version is deleted already: there is nothing to roll back to. */
export class PointOfNoReturnError extends CommandError {
  constructor(version: string) {
    super(`${version} is deleted already; it cannot take the traffic back`);
  }
}
