import type { Transport } from '../../../shared/cluster/transport.ts';
import { at, type Thing } from './objects.ts';

export interface Seen {
  type: string;
  object: Thing;
}

/** What a watch delivered, in its order. */
export interface Recording {
  readonly seen: Seen[];
  stop(): void;
}

/** Watches from now on; resolves when the watch stands. */
export async function record(
  transport: Transport,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<Recording> {
  const stop = new AbortController();
  const either = AbortSignal.any([stop.signal, signal]);
  const asked = `watch ${path}`;
  const { resourceVersion, ...selectors } = query;
  const from =
    resourceVersion ??
    String(
      at(await transport.ask({ method: 'GET', path, query: selectors, asked }), 'metadata.resourceVersion'),
    );
  const answer = await transport.send({
    method: 'GET',
    path,
    query: { ...selectors, watch: 'true', resourceVersion: from },
    asked,
    signal: either,
  });
  const seen: Seen[] = [];
  void follow(answer.body.stream() as unknown as AsyncIterable<Uint8Array>, seen).catch(() => undefined);
  return { seen, stop: () => stop.abort() };
}

async function follow(stream: AsyncIterable<Uint8Array>, seen: Seen[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') seen.push(JSON.parse(line) as Seen);
  }
}
