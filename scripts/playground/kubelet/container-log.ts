import { EventEmitter, once } from 'node:events';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  statSync,
  type WriteStream,
} from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';

/** One run of one container writes one log: lines with their time, in a file and the file before it. */
export interface ContainerLog {
  attach(stream: Readable): void;
  /** No more lines will come. */
  end(): void;
  /** The last bytes as text, for termination messages. */
  tail(): string;
  read(options: LogReadOptions): AsyncIterable<string>;
}

export interface LogReadOptions {
  follow?: boolean;
  tailLines?: number;
  sinceSeconds?: number;
  sinceTime?: string;
  timestamps?: boolean;
  limitBytes?: number;
  signal?: AbortSignal;
}

/** As the kubelet's containerLogMaxSize (10Mi); two files are kept. */
export const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 2_048;

export function openContainerLog(file: string, limitBytes = LOG_LIMIT_BYTES): ContainerLog {
  mkdirSync(path.dirname(file), { recursive: true });
  const changed = new EventEmitter().setMaxListeners(0);
  let stream: WriteStream = openStream(file);
  let size = existsSync(file) ? statSync(file).size : 0;
  let ended = false;
  let recent = '';
  function write(line: string): void {
    const stamped = `${new Date().toISOString().replace('Z', '000000Z')} ${line}`;
    const bytes = Buffer.byteLength(stamped) + 1;
    if (size > 0 && size + bytes > limitBytes) rotate();
    size += bytes;
    stream.write(`${stamped}\n`);
    recent = `${recent}${line}\n`.slice(-TAIL_BYTES);
    changed.emit('line', stamped);
  }

  function rotate(): void {
    stream.end();
    renameSync(file, `${file}.1`);
    stream = openStream(file);
    size = 0;
  }

  async function flushed(): Promise<void> {
    if (stream.writableNeedDrain) await once(stream, 'drain');
    if (stream.closed) return;
    await new Promise<void>((resolve) => {
      if (stream.writableEnded) stream.once('close', resolve);
      else stream.write('', () => resolve());
    });
  }

  async function* stored(): AsyncGenerator<string> {
    await flushed();
    for (const part of [`${file}.1`, file]) {
      if (!existsSync(part)) continue;
      let rest = '';
      for await (const chunk of createReadStream(part, 'utf8')) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
    }
  }

  async function* read(options: LogReadOptions): AsyncGenerator<string> {
    // Subscribe before reading what is stored, so that no line falls between.
    const live: string[] = [];
    const onLine = (line: string): void => void live.push(line);
    if (options.follow === true) changed.on('line', onLine);
    let left = options.limitBytes ?? Infinity;
    const show = (line: string): string => {
      const text = `${options.timestamps === true ? line : line.slice(line.indexOf(' ') + 1)}\n`;
      const cut =
        Buffer.byteLength(text) > left ? Buffer.from(text).subarray(0, left).toString('utf8') : text;
      left -= Buffer.byteLength(cut);
      return cut;
    };
    try {
      let last = '';
      for (const line of await selected(stored(), options)) {
        if (left <= 0) return;
        last = line;
        yield show(line);
      }
      if (options.follow !== true) return;
      // Lines that came while the file was read are in both.
      const overlap = live.lastIndexOf(last);
      if (overlap >= 0) live.splice(0, overlap + 1);
      while (left > 0 && options.signal?.aborted !== true) {
        const line = live.shift();
        if (line !== undefined) yield show(line);
        else if (ended) return;
        else await nextChange(changed, options.signal);
      }
    } finally {
      changed.off('line', onLine);
    }
  }

  return {
    attach(source) {
      let rest = '';
      source.setEncoding('utf8');
      source.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) write(line);
      });
      source.on('close', () => {
        if (rest !== '') write(rest);
        rest = '';
      });
      source.on('error', () => undefined);
    },
    end() {
      if (ended) return;
      ended = true;
      stream.end();
      changed.emit('end');
    },
    tail: () => recent,
    read,
  };
}

function openStream(file: string): WriteStream {
  const stream = createWriteStream(file, { flags: 'a' });
  // The state folder may be removed under a log that still gets lines.
  stream.on('error', () => undefined);
  return stream;
}

async function selected(lines: AsyncIterable<string>, options: LogReadOptions): Promise<string[]> {
  const since =
    options.sinceSeconds === undefined
      ? options.sinceTime === undefined
        ? undefined
        : Date.parse(options.sinceTime)
      : Date.now() - options.sinceSeconds * 1_000;
  const found: string[] = [];
  for await (const line of lines) {
    if (since !== undefined && Date.parse(line.slice(0, 23) + 'Z') < since) continue;
    found.push(line);
    if (options.tailLines !== undefined && found.length > options.tailLines) found.shift();
  }
  return found;
}

async function nextChange(changed: EventEmitter, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      changed.off('line', done);
      changed.off('end', done);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    changed.on('line', done);
    changed.on('end', done);
    signal?.addEventListener('abort', done);
  });
}
