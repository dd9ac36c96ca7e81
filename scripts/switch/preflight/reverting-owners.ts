/**
 * An owner that reconciles the objects of a switch would revert it, halfway or right after. The preflight
 * finds it before any write and says how to pause it.
 */
import { UsageError } from '../../shared/errors.ts';
import type { Deployment } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { autoscalersOf } from '../changes/autoscaler.ts';
import type { SwitchContext } from '../context.ts';
import { describeOwner, howToPause, nameAll, resumeCommand } from '../owners/describe-owner.ts';
import { ownersOf, reverts } from '../owners/owner.ts';
import type { Owner } from '../owners/owner.ts';
import { notPaused } from '../owners/paused.ts';
import type { Pause } from '../owners/paused.ts';
import { seenAs } from '../routing/traffic-routing.ts';
import type { SeenObject } from '../routing/traffic-routing.ts';

type Context = Pick<SwitchContext, 'cluster' | 'signal' | 'namespace' | 'lastSeen' | 'from' | 'to'>;

interface Found {
  owner: Owner;
  objects: readonly SeenObject[];
  pause: Pause;
}

/**
 * Refuses owners that reconcile and are not paused. This is wrong usage: nothing was changed, and the same
 * command works once they are paused. With `ownerPaused`, in a dry run and in a roll back they become notes.
 * Returns the notes.
 * @param deployments of both versions, as far as they exist
 */
export async function lookAtOwners(
  context: Context & Pick<SwitchContext, 'options'>,
  deployments: readonly (Deployment | undefined)[],
): Promise<string[]> {
  const { ownerPaused, dryRun, undo } = context.options;
  const all = await findOwners(context, deployments);
  const active = all.filter(({ owner, pause }) => reverts(owner) && pause !== 'paused');
  const isTold = ownerPaused === true || dryRun === true || undo === true;
  if (active.length > 0 && !isTold) throw new UsageError(refusal(active));
  const told = active.map((one) => (ownerPaused ? believed(one) : describeActive(one)));
  const others = undo === true ? [] : all.filter((one) => !active.includes(one));
  return [...told, ...others.map((one) => note(one, context))];
}

async function findOwners(
  context: Context,
  deployments: readonly (Deployment | undefined)[],
): Promise<Found[]> {
  const { cluster, namespace } = context;
  const found = new Map<string, { owner: Owner; objects: SeenObject[] }>();
  for (const seen of await writtenObjects(context, deployments)) {
    for (const owner of ownersOf(seen, { own: cluster.fieldManager, namespace })) {
      const key = JSON.stringify([owner.kind, owner.namespace, owner.name]);
      const { objects } = found.get(key) ?? { objects: [] };
      found.set(key, { owner, objects: [...objects, seen] });
    }
  }
  return Promise.all(
    [...found.values()].map(async ({ owner, objects }) => {
      const { pause, left } = await notPaused(context, owner, objects);
      return { owner, pause, objects: left.length > 0 ? left : objects };
    }),
  );
}

/** The existing objects that a switch changes or deletes. */
async function writtenObjects(
  { cluster, signal, lastSeen }: Context,
  deployments: readonly (Deployment | undefined)[],
): Promise<SeenObject[]> {
  const there = deployments.filter((one) => one !== undefined);
  const scaling = await Promise.all(
    there.map(({ metadata }) => autoscalersOf(cluster, metadata.name, signal)),
  );
  return [
    ...lastSeen.objects,
    ...there.map((one) => seenAs(resources.deployments, one)),
    ...scaling.flat().map((one) => seenAs(resources.horizontalPodAutoscalers, one)),
  ];
}

function refusal(active: readonly Found[]): string {
  const unknown = active.some(({ pause }) => pause === 'unknown');
  const said = unknown ? ' Where that is done and cannot be read from here, say so: --owner-paused.' : '';
  return `${active.map(describeActive).join('. ')}.${said} Nothing was changed.`;
}

function describeActive({ owner, objects }: Found): string {
  const who = describeOwner(owner);
  const plural = objects.length > 1;
  return (
    `${nameAll(objects)} ${plural ? 'belong' : 'belongs'} to ${who}, which would write ${plural ? 'their' : 'its'} old state over the new one. ` +
    `Pause it first: ${howToPause(owner)}`
  );
}

function believed({ owner, objects }: Found): string {
  return `${describeOwner(owner)} keeps ${nameAll(objects)} as its files say, and is taken to be paused (--owner-paused)`;
}

/** A note on an owner that does not write during the switch: what its next write will do. */
function note({ owner, objects }: Found, { from, to }: Pick<Context, 'from' | 'to'>): string {
  const who = describeOwner(owner);
  const what = nameAll(objects);
  if (reverts(owner)) {
    const again = resumeCommand(owner);
    return `${who} keeps ${what} as its files say, and is paused. Before it goes on, give its files the end state${again === undefined ? '' : `; then: ${again}`}`;
  }
  const next = owner.kind === 'Helm release' ? "upgrade with today's values" : "apply of today's files";
  return `${what} ${objects.length > 1 ? 'were' : 'was'} written by ${who}: its next ${next} puts ${from} back, whose pods are gone by then. Give it ${to} first`;
}
