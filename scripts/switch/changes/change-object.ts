/**
 * A guarded write: the server refuses a stale one, a lost answer is
 * checked by a read, and a foreign edit stops the switch.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isAmbiguous, isConflict, isNotFound } from '../../shared/cluster/errors.ts';
import { CommandError } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import type { Resource } from '../../shared/resources.ts';
import { pause } from '../../shared/wait.ts';
import { diffObjects } from '../../shared/diff-objects.ts';
import type { SwitchContext } from '../context.ts';
import { describeWriter } from '../owners/writer.ts';

export async function changeSpec<T extends KubernetesObject & { spec: object }>(
  { cluster, signal, clock }: Pick<SwitchContext, 'cluster' | 'signal' | 'clock'>,
  resource: Resource,
  known: T,
  /** The fields of `spec` that change. A field that already has its value is not written. */
  fields: Partial<T['spec']>,
): Promise<T> {
  const { name } = known.metadata;
  const wanted: object = { ...known.spec, ...fields };
  // This run read or wrote it last: the server refuses the write (409) when it has changed.
  const trusted = known.metadata.resourceVersion !== undefined && !isDeepStrictEqual(known.spec, wanted);
  for (let attempt = 0; ; attempt += 1) {
    const live = attempt === 0 && trusted ? known : await cluster.get<T>(resource, name, { signal });
    if (live === undefined) throw new ForeignEditError(cluster, { resource, known, live: undefined });
    if (isDeepStrictEqual(live.spec, wanted)) return live;
    if (!isDeepStrictEqual(live.spec, known.spec))
      throw new ForeignEditError(cluster, { resource, known, live });
    try {
      const { resourceVersion } = live.metadata;
      return await cluster.patch<T>(
        resource,
        name,
        { metadata: { resourceVersion }, spec: fields },
        { signal },
      );
    } catch (error) {
      if (attempt >= 20 || !(isConflict(error) || isAmbiguous(error) || isNotFound(error))) throw error;
      await pause(Math.min(1000, 25 * 2 ** attempt), signal, clock);
    }
  }
}

/**
 * Throws a ForeignEditError when the routes or the versions are not what this run read
 * or wrote last, and a RefusedRouteError when Istio says that it does not take them.
 * Called before what cannot be undone: a resourceVersion guards a write to its own
 * object, not the removal of what another object has come to name again.
 */
export async function verifyUnchanged({
  cluster,
  signal,
  lastSeen,
}: Pick<SwitchContext, 'cluster' | 'signal' | 'lastSeen'>): Promise<void> {
  await Promise.all(
    lastSeen.objects.map(async ({ resource, object }) => {
      const live = await cluster.get(resource, object.metadata.name, { signal });
      if (!isDeepStrictEqual(live?.['spec'], object['spec']))
        throw new ForeignEditError(cluster, { resource, known: object, live });
      const refusal = live && lastSeen.refusal({ resource, object: live });
      if (refusal !== undefined) throw new RefusedRouteError(refusal);
    }),
  );
}

interface Edit {
  resource: Resource;
  /** As this run read or wrote it last. */
  known: KubernetesObject;
  live: KubernetesObject | undefined;
}

/** Who is to follow the routes does not take them. */
export class RefusedRouteError extends CommandError {}

/** Somebody else changed, or deleted, what the switch works on. */
export class ForeignEditError extends CommandError {
  constructor(cluster: Pick<Cluster, 'fieldManager' | 'namespace'>, { resource, known, live }: Edit) {
    const which = `${resource.kind} ${known.metadata.name}`;
    const lines = live === undefined ? [] : describeEdit(cluster, { resource, known, live });
    super(
      live === undefined
        ? `${which} is gone: somebody deleted it during the switch.`
        : `${which} was changed by somebody else during the switch:${lines.map((line) => `\n   ${line}`).join('')}`,
    );
  }
}

function describeEdit(
  cluster: Pick<Cluster, 'fieldManager' | 'namespace'>,
  { resource, known, live }: Edit & { live: KubernetesObject },
): string[] {
  const [before, after] = [known, live].map((object) => (object['spec'] ?? {}) as Record<string, unknown>);
  const fields = Object.keys({ ...before, ...after }).filter(
    (field) => !isDeepStrictEqual(before?.[field], after?.[field]),
  );
  return [...diffObjects(before, after), ...describeWriter(cluster, { resource, object: live }, fields)];
}
