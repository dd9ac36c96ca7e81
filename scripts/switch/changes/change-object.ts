/**
 * A guarded write. The API server refuses a stale one, a lost answer is checked by a read, and somebody
 * else's edit stops the switch.
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
  /** The fields of `spec` to change. A field that has its value already is not written. */
  fields: Partial<T['spec']>,
): Promise<T> {
  const { name } = known.metadata;
  const wanted: object = { ...known.spec, ...fields };
  // The revision is this run's last read or write: the API server refuses the write (409) after another edit.
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
 * Throws a ForeignEditError when the routes or the subsets differ from this run's last read or write, and a
 * RefusedRouteError when Istio reports that it does not accept them. It is called before each write that
 * cannot be undone: a resourceVersion guards only its own object. It does not guard the removal of a subset
 * that an edited route names again.
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
  /** The object as this run last read or wrote it. */
  known: KubernetesObject;
  live: KubernetesObject | undefined;
}

/** The controller that should follow the routes does not accept them. */
export class RefusedRouteError extends CommandError {}

/** Somebody else changed or deleted an object of the switch. */
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
