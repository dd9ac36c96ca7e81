import { eventFor } from '../../storage/store.ts';
import { groupVersion } from '../../storage/resource-key.ts';
import { invalidOptions, StatusError, type FieldError } from '../status-error.ts';
import type { LogEntry } from '../../storage/event-log.ts';
import type { KubeObject, WatchEvent } from '../../storage/types.ts';
import { shown } from '../registry/views.ts';
import { jsonOf } from '../answer.ts';
import type { ApiContext } from '../context.ts';
import {
  metadataOnly,
  parseRevision,
  selectObjects,
  selectorOf,
  wantsMetadataOnly,
  type TypedTarget,
} from './read.ts';
import { isTrue, type ApiRequest } from '../request.ts';
import type { WatchSink } from './watch-sink.ts';
import { tableOf, wantsTable } from '../negotiation/tables/negotiate.ts';

/** A client that leaves this much unread is cut off; it will list and watch again. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/**
 * A watch without timeoutSeconds ends after this long, as the API server's do after half an hour to an hour.
 */
const DEFAULT_TIMEOUT_SECONDS = 1800;

/** The last bookmark comes this long before the end. */
const FINAL_BOOKMARK_MS = 1600;

const forbidden = (field: string, message: string): FieldError => ({
  field,
  reason: 'FieldValueForbidden',
  message: `Forbidden: ${message}`,
});

function checkWatchOptions({ query }: ApiRequest): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const initial = query.get('sendInitialEvents');
  if (initial === null && match !== '') {
    throw invalidOptions('ListOptions', [
      forbidden(
        'resourceVersionMatch',
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      ),
    ]);
  }
  if (initial !== null && match !== 'NotOlderThan') {
    throw invalidOptions('ListOptions', [
      forbidden(
        'resourceVersionMatch',
        'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      ),
    ]);
  }
}

function revisionOf({ query }: ApiRequest): number | undefined {
  const given = query.get('resourceVersion');
  if (given === null || given === '') return undefined;
  const revision = parseRevision(given);
  if (revision === undefined) {
    const quoted = JSON.stringify(given);
    throw new StatusError(
      500,
      '',
      `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
    );
  }
  return revision;
}

/**
 * Streams changes until the client disconnects, the timeout or the server's end. Throws before the first byte
 * when the request is refused. An expired resourceVersion is reported inside the stream, as by the real
 * server. https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export function serveWatch(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  sink: WatchSink,
): void {
  checkWatchOptions(request);
  const revision = revisionOf(request);
  const { query } = request;
  const initial = query.get('sendInitialEvents');
  const wantsState = initial === null ? revision === undefined || revision === 0 : isTrue(initial);
  const stream = new WatchStream(request, target, context, sink);
  // Without a version, and without the wish for the state as events, a watch shows what comes from now on.
  const missed = wantsState
    ? []
    : revision === undefined
      ? []
      : context.store.log.since(target.key, revision);
  if (missed === undefined) {
    stream.expired(revision ?? 0, context.store.log.revision);
    return;
  }
  stream.start();
  if (wantsState) {
    for (const object of selectObjects(request, target, context)) stream.push({ type: 'ADDED', object });
    if (isTrue(initial) || revision === 0) stream.bookmark(true);
  }
  for (const entry of missed) stream.pushEntry(entry);
}

class WatchStream {
  private readonly request: ApiRequest;
  private readonly target: TypedTarget;
  private readonly context: ApiContext;
  private readonly sink: WatchSink;
  private readonly matches: (object: KubeObject) => boolean;
  private readonly allowsBookmarks: boolean;
  private readonly asTable: boolean;
  private readonly asMetadata: boolean;
  private hasSentColumns = false;
  private stop: () => void = () => undefined;

  constructor(request: ApiRequest, target: TypedTarget, context: ApiContext, sink: WatchSink) {
    this.request = request;
    this.target = target;
    this.context = context;
    this.sink = sink;
    const selected = selectorOf(request, target.type, target.watchPath ? target.name : undefined);
    const { namespace } = target;
    this.matches = (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) && (selected?.(object) ?? true);
    this.allowsBookmarks = isTrue(request.query.get('allowWatchBookmarks'));
    this.asTable = wantsTable(request);
    this.asMetadata = wantsMetadataOnly(request);
  }

  /** Opens the stream and follows the log from here. */
  start(): void {
    this.open();
    const unsubscribe = this.context.store.log.subscribe(this.target.key, (entry) => this.pushEntry(entry));
    const seconds = Number(this.request.query.get('timeoutSeconds') ?? 0) || DEFAULT_TIMEOUT_SECONDS;
    const end = () => this.sink.end();
    const timers = [setTimeout(end, seconds * 1000)];
    if (this.allowsBookmarks) {
      timers.push(setInterval(() => this.bookmark(false), this.context.bookmarkIntervalMs));
      if (seconds * 1000 > FINAL_BOOKMARK_MS)
        timers.push(setTimeout(() => this.bookmark(false), seconds * 1000 - FINAL_BOOKMARK_MS));
    }
    this.context.closing.addEventListener('abort', end);
    this.stop = () => {
      unsubscribe();
      timers.forEach(clearTimeout);
      this.context.closing.removeEventListener('abort', end);
    };
    this.sink.onClose(() => this.stop());
  }

  expired(wanted: number, current: number): void {
    this.open();
    const { status } = new StatusError(410, 'Expired', `too old resource version: ${wanted} (${current})`);
    this.sink.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
  }

  pushEntry(entry: LogEntry): void {
    const event = eventFor(entry, this.matches);
    if (event !== undefined) this.push(event);
  }

  push({ type, object }: WatchEvent): void {
    const text = this.asTable
      ? this.tableText(object)
      : jsonOf(this.asMetadata ? metadataOnly(object) : shown(this.target.type, object));
    this.write(`{"type":"${type}","object":${text}}\n`);
  }

  /** Says how far the log has come, so that the client can go on from here. */
  bookmark(endOfInitialEvents: boolean): void {
    if (!this.allowsBookmarks) return;
    const { type } = this.target;
    const metadata = {
      resourceVersion: this.context.store.resourceVersion,
      ...(endOfInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    };
    const object = { kind: type.kind, apiVersion: groupVersion(type), metadata };
    const shown = this.asTable
      ? this.tableText(object as unknown as KubeObject)
      : JSON.stringify(
          this.asMetadata
            ? { ...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
            : object,
        );
    this.write(`{"type":"BOOKMARK","object":${shown}}\n`);
  }

  private tableText(object: KubeObject): string {
    const metadata = { resourceVersion: object.metadata.resourceVersion };
    const table = tableOf(this.request, this.target.type, [object], metadata, !this.hasSentColumns);
    this.hasSentColumns = true;
    return JSON.stringify(table);
  }

  private open(): void {
    this.sink.open(this.contentType());
  }

  private contentType(): string {
    if (this.asTable) return 'application/json;as=Table;g=meta.k8s.io;v=v1';
    return 'application/json';
  }

  private write(line: string): void {
    this.sink.write(line);
    if (this.sink.unsent > MAX_UNREAD_BYTES) this.sink.destroy();
  }
}
