/**
 * List, then watch, until the caller aborts. A stream that breaks,
 * falls silent or is outdated (410) is restarted.
 */
import { errorFromAnswer, errorWithoutAnswer, isExpired, isTransient } from './errors.ts';
import type { Transport } from './transport.ts';
import { CommandError } from '../errors.ts';
import { ANSWER_LIMIT_BYTES, SHORT_ANSWER_LIMIT_BYTES, TooLongError, readText } from '../read-text.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import { pause } from '../wait.ts';

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: T;
}

export interface WatchSource<T> {
  list(): Promise<{ items: T[]; resourceVersion: string }>;
  path: string;
  query: Record<string, string | undefined>;
  /** `watch pods` */
  asked: string;
  signal: AbortSignal;
  /** Idle timeout of a stream, in milliseconds. */
  silenceMs: number;
}

type Line<T> = WatchEvent<T> | { type: 'BOOKMARK'; object: T } | { type: 'ERROR'; object: { code?: number } };

/** Every object as ADDED, then each change, until the signal is aborted. */
export async function* watchForever<T extends KubernetesObject>(
  transport: Transport,
  source: WatchSource<T>,
): AsyncGenerator<WatchEvent<T>> {
  const { signal } = source;
  const known = new Map<string, T>();
  const keyOf = (object: T) =>
    object.metadata.uid ?? `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const { items, resourceVersion } = await source.list();
      const now = new Set(items.map(keyOf));
      for (const [key, object] of known) {
        if (now.has(key)) continue;
        known.delete(key);
        yield { type: 'DELETED', object };
      }
      for (const object of items) {
        const before = known.get(keyOf(object));
        known.set(keyOf(object), object);
        if (before === undefined) yield { type: 'ADDED', object };
        else if (before.metadata.resourceVersion !== object.metadata.resourceVersion)
          yield { type: 'MODIFIED', object };
      }
      for await (const event of follow(transport, source, resourceVersion)) {
        failures = 0;
        if (event.type === 'DELETED') known.delete(keyOf(event.object));
        else known.set(keyOf(event.object), event.object);
        yield event;
      }
    } catch (error) {
      if (source.signal.aborted) return;
      if (!isTransient(error) && !isExpired(error)) throw error;
      failures += 1;
    }
    if (failures > 0) await pause(Math.min(5000, 100 * 2 ** failures), signal).catch(() => undefined);
  }
}

/** One watch after another from the last resourceVersion, until one fails. */
async function* follow<T extends KubernetesObject>(
  transport: Transport,
  { path, query, asked, signal: wanted, silenceMs }: WatchSource<T>,
  from: string,
): AsyncGenerator<WatchEvent<T>> {
  let resourceVersion = from;
  const who = `The API server at ${transport.server} (${asked})`;
  for (;;) {
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), silenceMs);
    try {
      const answer = await transport.send({
        method: 'GET',
        path,
        query: { ...query, watch: 'true', allowWatchBookmarks: 'true', resourceVersion },
        asked,
        signal: AbortSignal.any([wanted, silence.signal]),
      });
      if (answer.httpStatusCode !== 200) {
        const body = await readText(answer.body.stream(), { who, limitBytes: SHORT_ANSWER_LIMIT_BYTES });
        throw errorFromAnswer(asked, { status: answer.httpStatusCode, body });
      }
      for await (const line of linesOf(answer.body.stream(), who)) {
        timer.refresh();
        const event = JSON.parse(line) as Line<T>;
        if (event.type === 'ERROR') {
          throw errorFromAnswer(asked, {
            status: event.object.code ?? 500,
            body: JSON.stringify(event.object),
          });
        }
        resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        if (event.type !== 'BOOKMARK') yield event;
      }
    } catch (error) {
      wanted.throwIfAborted();
      if (error instanceof CommandError) throw error;
      if (!silence.signal.aborted) throw errorWithoutAnswer(asked, transport.server, error);
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }
}

/** @throws TooLongError when a line is longer than any event */
export async function* linesOf(
  stream: ReadableStream<Uint8Array> | null,
  who: string,
): AsyncGenerator<string> {
  if (stream === null) return;
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let length = 0;
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    const text = decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      pieces.push(text.slice(from, end));
      from = end + 1;
      const line = pieces.join('');
      pieces = [];
      length = 0;
      if (line.trim() !== '') yield line;
    }
    pieces.push(text.slice(from));
    length += text.length - from;
    if (length > ANSWER_LIMIT_BYTES) throw new TooLongError(who, ANSWER_LIMIT_BYTES);
  }
}
