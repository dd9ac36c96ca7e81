import type { KubeObject } from '../storage/types.ts';
import type { Controller, ControllerContext } from './context.ts';

const RESOURCE = 'v1/events';
/** As kube-apiserver's --event-ttl. */
const TTL_MS = 3_600_000;
/** A real cluster has room for an hour of them; here the oldest go before they fill the memory. */
const MOST = 5_000;
const SWEEP_MS = 60_000;

type Event = KubeObject & { lastTimestamp?: string | null };

/** Events go an hour after they last happened, the oldest sooner when there are many. */
export function startEventExpiry({ store }: ControllerContext): Controller {
  /** In the order in which they last happened. */
  const known = new Map<string, { namespace: string; name: string; at: number }>();
  const stop = store.watch<Event>(RESOURCE, {}, ({ type, object }) => {
    const { uid, name, namespace = '', creationTimestamp } = object.metadata;
    known.delete(uid);
    if (type === 'DELETED') return;
    known.set(uid, { namespace, name, at: Date.parse(object.lastTimestamp ?? creationTimestamp) });
    if (known.size > MOST) expireFirst();
  });
  const timer = setInterval(() => {
    for (const { at } of known.values()) {
      if (at + TTL_MS > Date.now()) return;
      expireFirst();
    }
  }, SWEEP_MS).unref();

  function expireFirst(): void {
    const [first] = known;
    if (first === undefined) return;
    const [uid, { namespace, name }] = first;
    known.delete(uid);
    if (store.get(RESOURCE, namespace, name)?.metadata.uid === uid)
      store.delete(RESOURCE, namespace, name, { uid });
  }

  return {
    close() {
      clearInterval(timer);
      stop();
    },
  };
}
