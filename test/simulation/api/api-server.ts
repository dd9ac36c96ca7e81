/** The API server: the store, and a record of who wrote what and when. */
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import type { Story } from '../story.ts';
import type { Timeline } from '../time/timeline.ts';
import { overTheWire } from './values.ts';
import type { ObjectStore, Place } from './object-store.ts';

/** A write that changed something. */
export interface Write {
  by: string;
  verb: 'create' | 'replace' | 'patch' | 'apply' | 'delete';
  place: Place;
  before: KubernetesObject | undefined;
  after: KubernetesObject | undefined;
}

export interface ApiServer {
  /** Runs when a request has arrived, whatever became of its sender meanwhile. */
  arrive(ms: number, carryOut: () => void): void;
  get(place: Place): KubernetesObject | undefined;
  list(resource: Resource, namespace: string | undefined, labelSelector?: string): KubernetesObject[];
  create(by: string, resource: Resource, object: KubernetesObject, namespace: string): KubernetesObject;
  replace(by: string, place: Place, object: KubernetesObject): KubernetesObject;
  patch(by: string, place: Place, patch: Record<string, unknown>): KubernetesObject;
  apply(by: string, place: Place, object: KubernetesObject): KubernetesObject;
  delete(by: string, place: Place, uid?: string): void;
  /** Hears of each write right after it. */
  onWrite(listener: (write: Write) => void): void;
}

export function createApiServer(timeline: Timeline, store: ObjectStore, story: Story): ApiServer {
  const listeners: ((write: Write) => void)[] = [];

  function write(
    by: string,
    verb: Write['verb'],
    place: Place,
    carryOut: () => KubernetesObject | undefined,
  ): KubernetesObject | undefined {
    const before = store.get(place);
    const after = carryOut();
    if (after !== before) {
      if (story.isRead && !isRenewal(before, after))
        story.tell(by, () => `${verb} ${place.resource.kind} ${place.name}${difference(before, after)}`);
      for (const listener of listeners) listener({ by, verb, place, before, after });
    }
    return after;
  }

  return {
    arrive: (ms, carryOut) => void timeline.after(ms, carryOut),
    get: (place) => store.get(place),
    list: (resource, namespace, labelSelector) => store.list(resource, namespace, labelSelector),
    create(by, resource, object, namespace) {
      // Nobody acts on an Event.
      if (resource === resources.events) return object;
      const placed = overTheWire({ ...object, metadata: { ...object.metadata, namespace } });
      const place = { resource, namespace, name: object.metadata.name };
      return write(by, 'create', place, () => store.create(resource, placed)) as KubernetesObject;
    },
    replace: (by, place, object) =>
      write(by, 'replace', place, () => store.replace(place, overTheWire(object))) as KubernetesObject,
    patch: (by, place, patch) =>
      write(by, 'patch', place, () => store.patch(place, overTheWire(patch))) as KubernetesObject,
    apply: (by, place, object) =>
      write(by, 'apply', place, () => store.apply(place, overTheWire(object), by)) as KubernetesObject,
    delete: (by, place, uid) =>
      void write(by, 'delete', place, () => {
        store.delete(place, uid);
        return undefined;
      }),
    onWrite: (listener) => void listeners.push(listener),
  };
}

/** A lock that is renewed is no news. */
function isRenewal(before: KubernetesObject | undefined, after: KubernetesObject | undefined): boolean {
  const [old, now] = [before?.['spec'], after?.['spec']] as ({ holderIdentity?: string } | undefined)[];
  return (
    after?.kind === 'Lease' &&
    old?.holderIdentity === now?.holderIdentity &&
    JSON.stringify(before?.metadata.annotations) === JSON.stringify(after.metadata.annotations)
  );
}

/** Which parts of the spec, and of a lease's memory, are others than before. */
function difference(before: KubernetesObject | undefined, after: KubernetesObject | undefined): string {
  if (before === undefined || after === undefined) return '';
  const [old, now] = [before['spec'], after['spec']] as Record<string, unknown>[];
  const parts = Object.entries(now ?? {})
    .filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(old?.[key]))
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const { annotations } = after.metadata;
  if (JSON.stringify(annotations) !== JSON.stringify(before.metadata.annotations))
    parts.push(`annotations ${JSON.stringify(annotations)}`);
  return parts.length > 0 ? `: ${parts.join(', ')}` : '';
}
