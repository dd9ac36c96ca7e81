import { usedBy } from './quota.ts';
import { isObject } from '../../../storage/json.ts';
import type { MemoryStore } from '../../../storage/store.ts';
import type { ResourceKey } from '../../../storage/types.ts';

const COUNTED: ResourceKey[] = [
  'v1/pods',
  'v1/configmaps',
  'v1/secrets',
  'v1/services',
  'v1/persistentvolumeclaims',
  'apps/v1/deployments',
  'apps/v1/replicasets',
  'batch/v1/jobs',
];

/** Keeps what a ResourceQuota says of itself (`status.hard`, `status.used`) true. @returns stops it */
export function keepQuotas(store: MemoryStore): () => void {
  const waiting = new Set<string>();
  const look = (namespace: string | undefined): void => {
    if (namespace === undefined || waiting.has(namespace)) return;
    waiting.add(namespace);
    queueMicrotask(() => {
      waiting.delete(namespace);
      for (const quota of store.list('v1/resourcequotas', { namespace })) {
        const hard = isObject(quota.spec) ? quota.spec['hard'] : {};
        const status = { hard, used: usedBy(store, quota) };
        store.mutate(
          'v1/resourcequotas',
          namespace,
          quota.metadata.name,
          (draft) => {
            draft.status = status;
          },
          { subresource: 'status' },
        );
      }
    });
  };
  const stops = ['v1/resourcequotas', ...COUNTED].map((resource) =>
    store.log.subscribe(resource, ({ object }) => look(object.metadata.namespace)),
  );
  return () => stops.forEach((stop) => stop());
}
