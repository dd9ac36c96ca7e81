import type { Pod } from '../pod-types.ts';
import type { KubeObject } from '../storage/types.ts';
import { timestamp, type Controller, type ControllerContext } from './context.ts';
import { keyOf, splitKey } from './work-queue.ts';

type Node = KubeObject<{ unschedulable?: boolean }>;

const NAME = 'default-scheduler';
const RETRY_MS = 5_000;

/**
 * Binds each new pod to a node that takes pods: in the playground there is one. Resources are not counted.
 */
export function startScheduler(context: ControllerContext): Controller {
  const { store } = context;
  const events = context.events(NAME);
  const queue = context.queue('default-scheduler', context.delays.scheduling, sync);
  const stop = store.watch<Pod>('v1/pods', {}, ({ type, object }) => {
    if (type === 'ADDED' && !object.spec?.nodeName && (object.spec?.schedulerName ?? NAME) === NAME)
      queue.add(keyOf(object));
  });

  function sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const pod = store.get<Pod>('v1/pods', namespace, name);
    if (pod?.spec === undefined || pod.spec.nodeName || pod.metadata.deletionTimestamp !== undefined) return;
    const nodes = store.list<Node>('v1/nodes');
    const selector = Object.entries(
      (pod.spec as { nodeSelector?: Record<string, string> }).nodeSelector ?? {},
    );
    const node = nodes.find(
      ({ spec, metadata }) =>
        spec?.unschedulable !== true &&
        selector.every(([label, value]) => metadata.labels?.[label] === value),
    );
    if (node === undefined) {
      const message = `0/${nodes.length} nodes are available: ${nodes.length} node(s) didn't match Pod's node affinity/selector or were unschedulable.`;
      setScheduled(pod, { status: 'False', reason: 'Unschedulable', message });
      events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message });
      queue.addAfter(key, RETRY_MS);
      return;
    }
    const nodeName = node.metadata.name;
    store.mutate<Pod>('v1/pods', namespace, name, (draft) => {
      if (draft.spec) draft.spec.nodeName = nodeName;
    });
    setScheduled(pod, { status: 'True' });
    events.record(pod, {
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${namespace}/${name} to ${nodeName}`,
    });
  }

  function setScheduled(
    pod: Pod,
    verdict: { status: 'True' | 'False'; reason?: string; message?: string },
  ): void {
    store.mutate<Pod>(
      'v1/pods',
      pod.metadata.namespace,
      pod.metadata.name,
      (draft) => {
        const others = (draft.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
        draft.status = {
          ...draft.status,
          conditions: [
            ...others,
            { type: 'PodScheduled', lastProbeTime: null, lastTransitionTime: timestamp(), ...verdict },
          ],
        };
      },
      { subresource: 'status' },
    );
  }

  return {
    close() {
      stop();
      queue.close();
    },
  };
}
