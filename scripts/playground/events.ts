import type { KubeObject, ObjectStore } from './storage/types.ts';

export interface EventInput {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** e.g. `spec.containers{app}` */
  fieldPath?: string;
}

/**
 * Writes Events the way kubelet and controllers do: the same event
 * again raises its count instead of making a new one.
 */
export interface EventRecorder {
  record(about: KubeObject, event: EventInput): void;
}

interface EventObject extends KubeObject {
  count: number;
  lastTimestamp: string;
}

const REMEMBERED = 4_096;
/**
 * Shared by all who write events: two of them may have to say
 * something of the same pod in the same millisecond.
 */
let last = 0n;

/** As in the API: nanoseconds in hex, never the same twice. */
function uniqueSuffix(): string {
  const now = BigInt(Date.now()) * 1_000_000n;
  last = now > last ? now : last + 1n;
  return last.toString(16);
}

/**
 * @param component e.g. `kubelet`, `deployment-controller`.
 * @param host the node, for events of the kubelet.
 */
export function createEventRecorder(store: ObjectStore, component: string, host?: string): EventRecorder {
  /** What was said -> name of the event that says it. */
  const said = new Map<string, string>();

  return {
    record(about, { type, reason, message, fieldPath }) {
      const { name, namespace, uid, resourceVersion } = about.metadata;
      const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
      const eventNamespace = namespace ?? 'default';
      const key = [uid, fieldPath, type, reason, message].join('\n');
      const known = said.get(key);
      try {
        if (known !== undefined) {
          const updated = store.mutate<EventObject>('v1/events', eventNamespace, known, (draft) => {
            draft.count += 1;
            draft.lastTimestamp = now;
          });
          if (updated !== undefined) return;
        }
        const event = store.create('v1/events', {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name: `${name}.${uniqueSuffix()}`, namespace: eventNamespace },
          involvedObject: {
            kind: about.kind,
            ...(namespace === undefined ? {} : { namespace }),
            name,
            uid,
            apiVersion: about.apiVersion,
            resourceVersion,
            ...(fieldPath === undefined ? {} : { fieldPath }),
          },
          reason,
          message,
          source: { component, ...(host === undefined ? {} : { host }) },
          firstTimestamp: now,
          lastTimestamp: now,
          count: 1,
          type,
          eventTime: null,
          reportingComponent: component,
          reportingInstance: host ?? '',
        });
        if (said.size >= REMEMBERED) said.clear();
        said.set(key, event.metadata.name);
      } catch {
        // Events are a courtesy: a namespace that is going away must not stop the work itself.
      }
    },
  };
}
