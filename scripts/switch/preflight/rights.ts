/** Rights besides those of every switch: for other objects of the template set, and for a roll back. */
import { ClusterError } from '../../shared/cluster/errors.ts';
import { messageOf } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { rightsFor, rightsToDelete, rightsToUndo, verifyAccess } from './access.ts';
import type { Right } from '../../shared/cluster/access.ts';
import { renderVersion } from '../changes/render-version.ts';
import { scaledObjects } from '../changes/scaled-object.ts';
import type { State } from '../cluster-state/read-state.ts';
import type { Run, SwitchContext } from '../context.ts';
import { refuse } from '../refuse.ts';
import type { Check } from './check.ts';

/**
 * The cluster must have the kinds of the template set's other objects, and grant to create and delete them.
 */
export const kindsAreKnown: Check = {
  title: 'the cluster has the kinds of the template set',
  async run({ context: { cluster, signal }, others }) {
    const found = await Promise.all(
      oneOfEachKind(others).map((object) =>
        cluster.resourceOf(object).catch((error: unknown) => refuse(messageOf(error).replace(/\.$/, ''))),
      ),
    );
    const rights = found.map((resource) => rightTo(['create', 'patch', 'delete'], resource));
    // To find those that it has paused.
    const scaling = found.filter((resource) => resource.kind === scaledObjects.kind);
    rights.push(...scaling.map((resource) => rightTo(['list'], resource)));
    await verifyAccess(cluster, signal, { rights });
    return [];
  },
};

/** Called after a refused read: throws an error that names all missing rights. */
export async function explainMissingRights(
  { cluster, options, signal }: Run,
  error: unknown,
): Promise<never> {
  if (error instanceof ClusterError && error.status === 403)
    await verifyAccess(cluster, signal, options.undo ? { rights: rightsToUndo } : {});
  throw error;
}

/** Called before the Lease is taken: a roll back must not stop halfway for a missing right. */
export async function verifyWayBack(context: SwitchContext, { deployments, lastSeen }: State): Promise<void> {
  const { cluster, signal, options, record, from } = context;
  const isTooLate = deployments.every(({ version }) => version !== from);
  const stays = record.before?.deployment === true || options.keepFailed === true;
  // Past the point of no return the switch is finished instead, which deletes the rest of the current
  // version.
  const deletes = isTooLate || !stays;
  const rights = deletes ? rightsToDelete : [];
  const others = await rightsToEndOthers(context, deletes);
  await verifyAccess(cluster, signal, { rights: [...rightsFor(lastSeen).toUndo, ...rights, ...others] });
}

/** A roll back needs no template: without one there is nothing more to look for. */
async function rightsToEndOthers(
  { cluster, options, app, to }: SwitchContext,
  deletes: boolean,
): Promise<Right[]> {
  const rendered = await renderVersion(options, { app, version: to }).catch(() => undefined);
  // A pause ends with the way back, whether its ScaledObject stays or goes.
  const verbsFor = ({ kind }: { kind: string }) => [
    ...(kind === scaledObjects.kind ? ['list', 'patch'] : []),
    ...(deletes ? ['delete'] : []),
  ];
  const found = await Promise.all(
    oneOfEachKind(rendered?.others ?? []).map((object) =>
      cluster.resourceOf(object).catch((): undefined => undefined),
    ),
  );
  return found.flatMap((resource) => (resource === undefined ? [] : [rightTo(verbsFor(resource), resource)]));
}

function oneOfEachKind(objects: KubernetesObject[]): KubernetesObject[] {
  const kinds = objects.map((object) => [`${object.apiVersion ?? ''} ${object.kind ?? ''}`, object] as const);
  return [...new Map(kinds).values()];
}

function rightTo(
  verbs: string[],
  { group, plural, namespaced }: { group: string; plural: string; namespaced: boolean },
): Right {
  return { group, resource: plural, verbs, everywhere: !namespaced };
}
