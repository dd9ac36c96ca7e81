/** Writes a change. Every write is idempotent, or guarded by the revision that it was decided on. */
import { isAmbiguous } from '../../shared/cluster/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { waitFor } from '../../shared/wait.ts';
import type { SwitchContext } from '../context.ts';
import type { SeenObject } from '../routing/traffic-routing.ts';
import type { Change } from './change.ts';
import { changeSpec } from './change-object.ts';
import { retryWrite } from '../../shared/cluster/idempotent-write.ts';

type Context = Pick<SwitchContext, 'cluster' | 'signal' | 'clock' | 'stepTimeoutMs'>;

/** Applies changes in order; returns the objects as they are now, and the deleted ones. */
export async function applyChanges(context: Context, changes: readonly Change[]): Promise<SeenObject[]> {
  const written: SeenObject[] = [];
  for (const change of changes) {
    const { resource, verb, before } = change;
    const object = await applyChange(context, change);
    if (object !== undefined) written.push({ resource, object });
    if (verb === 'delete' && before !== undefined) written.push({ resource, object: before, gone: true });
  }
  return written;
}

async function applyChange(context: Context, change: Change): Promise<KubernetesObject | undefined> {
  const { cluster, signal } = context;
  const { verb, resource, name, before, after, patch = {}, guarded } = change;
  switch (verb) {
    case 'keep':
      return undefined;
    case 'delete':
      await remove(context, change);
      return undefined;
    case 'apply': {
      const { metadata } = after as KubernetesObject;
      const namespace = resource.namespaced ? { namespace: cluster.namespace } : {};
      const placed = { ...(after as KubernetesObject), metadata: { ...namespace, ...metadata } };
      return retryWrite(() => cluster.apply(placed, { force: true, signal }), context);
    }
    case 'patch':
      if (guarded !== undefined)
        return changeSpec(
          context,
          resource,
          before as KubernetesObject & { spec: object },
          patch['spec'] as object,
        );
      return retryWrite(() => cluster.patch(resource, name, patch, { signal }), context);
  }
}

/** A repeated delete is idempotent: the uid protects a new object of the same name. */
async function remove(context: Context, { resource, name, namespace, uid }: Change): Promise<void> {
  const { cluster, signal, clock, stepTimeoutMs } = context;
  await waitFor(
    async () => {
      try {
        await cluster.delete(resource, name, { namespace, uid, signal });
        return true;
      } catch (error) {
        if (!isAmbiguous(error)) throw error;
        return false;
      }
    },
    { deadlineMs: stepTimeoutMs, what: `${name} to be deleted`, intervalMs: 500, signal, clock },
  );
}
