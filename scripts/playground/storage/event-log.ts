import type { KubeObject, ResourceKey, WatchEvent } from './types.ts';

/** One change, as it went into the log. */
export interface LogEntry {
  revision: number;
  type: WatchEvent['type'];
  object: KubeObject;
  /** The object before the change: a selector that stops matching turns a change into a DELETED. */
  previous: KubeObject | undefined;
}

export type LogListener = (entry: LogEntry) => void;

interface Stream {
  entries: LogEntry[];
  /** Revisions up to this one are no longer replayable. */
  forgottenUpTo: number;
  listeners: Set<LogListener>;
}

/**
 * The one sequence of all changes of all resources; its counter is the resourceVersion. Each resource keeps
 * the last `historySize` changes, for watches that reconnect.
 *
 * Listeners are called in a microtask, one change after the other: a write never runs a listener in the
 * middle of its caller's work.
 */
export class EventLog {
  private counter: number;
  /** The first revision of the log; earlier ones are unknown, as in a cluster that is older than its log. */
  private readonly start: number;
  private readonly historySize: number;
  private readonly streams = new Map<ResourceKey, Stream>();
  private readonly pending: { stream: Stream; entry: LogEntry }[] = [];
  private delivering = false;
  private readonly onListenerError: (error: unknown) => void;

  constructor(options: { start: number; historySize: number; onListenerError: (error: unknown) => void }) {
    this.counter = options.start;
    this.start = options.start;
    this.historySize = options.historySize;
    this.onListenerError = options.onListenerError;
  }

  get revision(): number {
    return this.counter;
  }

  next(): number {
    this.counter += 1;
    return this.counter;
  }

  append(resource: ResourceKey, entry: LogEntry): void {
    const stream = this.stream(resource);
    stream.entries.push(entry);
    // Trim in batches: shifting an array at every change is what makes a busy log slow.
    if (stream.entries.length > this.historySize * 2) {
      const dropped = stream.entries.splice(0, stream.entries.length - this.historySize);
      stream.forgottenUpTo = dropped.at(-1)?.revision ?? stream.forgottenUpTo;
    }
    this.pending.push({ stream, entry });
    if (!this.delivering) {
      this.delivering = true;
      queueMicrotask(() => this.deliver());
    }
  }

  /**
   * The revision of the resource's last change: values computed from its objects since then may be cached.
   */
  lastChangeOf(resource: ResourceKey): number {
    const { entries, forgottenUpTo } = this.stream(resource);
    return entries.at(-1)?.revision ?? forgottenUpTo;
  }

  /** Changes after `revision`, or undefined when some of them are forgotten. */
  since(resource: ResourceKey, revision: number): LogEntry[] | undefined {
    const stream = this.stream(resource);
    if (revision < stream.forgottenUpTo) return undefined;
    let low = 0;
    let high = stream.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((stream.entries[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return stream.entries.slice(low);
  }

  /**
   * Changes committed after this call. Those still waiting for delivery were committed before it and are not
   * repeated: the caller has read the state they led to.
   */
  subscribe(resource: ResourceKey, listener: LogListener): () => void {
    const from = this.counter;
    const filtered: LogListener = (entry) => {
      if (entry.revision > from) listener(entry);
    };
    const { listeners } = this.stream(resource);
    listeners.add(filtered);
    return () => void listeners.delete(filtered);
  }

  /** Forgets the history of every resource, as a compaction of etcd would. */
  compact(): void {
    for (const stream of this.streams.values()) {
      stream.forgottenUpTo = this.counter;
      stream.entries = [];
    }
  }

  close(): void {
    this.pending.length = 0;
    for (const stream of this.streams.values()) stream.listeners.clear();
  }

  private deliver(): void {
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) {
      for (const listener of next.stream.listeners) {
        try {
          listener(next.entry);
        } catch (error) {
          this.onListenerError(error);
        }
      }
    }
    this.delivering = false;
  }

  private stream(resource: ResourceKey): Stream {
    let stream = this.streams.get(resource);
    if (stream === undefined) {
      stream = { entries: [], forgottenUpTo: this.start, listeners: new Set() };
      this.streams.set(resource, stream);
    }
    return stream;
  }
}
