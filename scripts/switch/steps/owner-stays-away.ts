/**
 * Verifies that the owner is paused, at a time when it could only revert a subset that no route names. A
 * later write of the owner is found too. But it may remove a subset that a route names: those requests are
 * answered with 503 until the switch has rolled back.
 */
import { waitFor } from '../../shared/wait.ts';
import { verifyUnchanged } from '../changes/change-object.ts';
import type { SwitchContext } from '../context.ts';
import { describeOwner } from '../owners/describe-owner.ts';
import { ownersOf, reverts } from '../owners/owner.ts';
import type { Owner } from '../owners/owner.ts';
import { notPaused } from '../owners/paused.ts';
import { nothing } from '../step.ts';
import type { Step } from '../step.ts';

/** Time to watch for, in milliseconds: Argo CD reverts an edit after some seconds, other loops sooner. */
const AWAY_MS = 10_000;

export const ownerStaysAway: Step = {
  name: 'owner-stays-away',
  title: () => 'See that the owner is paused',
  changesNothing: true,
  waits: true,
  onFailure: 'undo',
  changes: nothing,
  claim: (context) => ({
    text: `nobody overwrites ${context.lastSeen.nameOf(context.to)} for ${AWAY_MS / 1000} s, as the cluster does not show that its owner is paused`,
    async prove() {
      const paused = await seenPaused(context);
      if (paused.length > 0) return { detail: `${paused.map(describeOwner).join(' and ')} is paused` };
      const { clock, signal, reporter, stepTimeoutMs } = context;
      const since = clock.now();
      const isOver = async () => {
        await verifyUnchanged(context);
        const left = Math.ceil((AWAY_MS - (clock.now() - since)) / 1000);
        reporter.progress(`${left} s more`);
        return left <= 0;
      };
      const deadlineMs = Math.max(stepTimeoutMs, 2 * AWAY_MS);
      await waitFor(isOver, { deadlineMs, what: 'that time to pass', intervalMs: 500, signal, clock });
      return { detail: `nobody overwrote ${context.lastSeen.nameOf(context.to)} for ${AWAY_MS / 1000} s` };
    },
  }),
};

/** The owners of the subsets if the cluster shows that all of them are paused; else none. */
async function seenPaused(context: SwitchContext): Promise<Owner[]> {
  const { cluster, namespace, lastSeen } = context;
  const subsets = lastSeen.objects.filter(({ resource }) => resource.kind === lastSeen.versionsName.kind);
  const owners = subsets.flatMap((seen) =>
    ownersOf(seen, { own: cluster.fieldManager, namespace }).map((owner) => ({ owner, seen })),
  );
  const looks = await Promise.all(
    owners.map(async ({ owner, seen }) => reverts(owner) && (await notPaused(context, owner, [seen])).pause),
  );
  return looks.every((pause) => pause === 'paused') ? owners.map(({ owner }) => owner) : [];
}
