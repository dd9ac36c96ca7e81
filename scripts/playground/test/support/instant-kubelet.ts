import type { Pod } from '../../pod-types.ts';
import type { ObjectStore } from '../../storage/types.ts';

export interface InstantKubelet {
  /** While false new pods stay unready. */
  makeReady: boolean;
  close(): void;
}

/** Stands for a node without processes: bound pods are ready at once, deleted pods are gone at once. */
export function startInstantKubelet(store: ObjectStore): InstantKubelet {
  let count = 0;
  const kubelet: InstantKubelet = { makeReady: true, close: () => undefined };
  if (store.get('v1/nodes', undefined, 'instant') === undefined) {
    store.create('v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'instant' } });
  }
  kubelet.close = store.watch<Pod>('v1/pods', {}, ({ type, object: pod }) => {
    if (type === 'DELETED' || !pod.spec?.nodeName) return;
    const { name, namespace } = pod.metadata;
    if (pod.metadata.deletionTimestamp !== undefined) {
      setImmediate(() => {
        if (store.get('v1/pods', namespace, name))
          store.delete('v1/pods', namespace, name, { gracePeriodSeconds: 0 });
      });
    } else if (pod.status?.podIP === undefined) {
      count += 1;
      const podIP = `10.244.0.${count}`;
      setImmediate(() => {
        store.mutate<Pod>(
          'v1/pods',
          namespace,
          name,
          (draft) => {
            const status = kubelet.makeReady ? 'True' : 'False';
            const lastTransitionTime = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
            draft.status = {
              ...draft.status,
              phase: 'Running',
              podIP,
              conditions: [{ type: 'Ready', status, lastProbeTime: null, lastTransitionTime }],
            };
          },
          { subresource: 'status' },
        );
      });
    }
  });
  return kubelet;
}
