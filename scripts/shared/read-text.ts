/** Reads a body to its end, up to a limit, so that an endless answer cannot fill the memory. */
import { CommandError } from './errors.ts';

/** API answers, dumps of proxies, answers of Prometheus: a mesh of thousands of pods stays well below. */
export const ANSWER_LIMIT_BYTES = 64 * 1024 * 1024;
/** Smoke tests, refusals, control answers. */
export const SHORT_ANSWER_LIMIT_BYTES = 64 * 1024;

/** An answer is longer than the limit. */
export class TooLongError extends CommandError {
  /** @param who the subject of "answered": `Prometheus at http://prometheus:9090` */
  constructor(who: string, limitBytes: number) {
    super(`${who} answered more than ${describeBytes(limitBytes)}; the rest was not read.`);
  }
}

/** Collects an answer that comes in pieces. `add` throws when the limit is passed. */
export function createTextReader(
  who: string,
  limitBytes: number,
): {
  add(chunk: Uint8Array): void;
  /** @param decode decodes the bytes, which are valid during the call only */
  text(decode?: (bytes: Buffer) => string): string;
} {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  return {
    add(chunk) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw new TooLongError(who, limitBytes);
      chunks.push(chunk);
    },
    text: (decode = (all) => all.toString('utf8')) => decode(joined(chunks, bytes)),
  };
}

/** Larger answers get a buffer of their own, in bytes. */
const USUAL_BYTES = 4 * 1024 * 1024;
/** A reused buffer: to allocate a megabyte for each answer takes longer than to read it. */
let place = Buffer.alloc(0);

function joined(chunks: readonly Uint8Array[], bytes: number): Buffer {
  if (bytes > USUAL_BYTES) return Buffer.concat(chunks);
  if (bytes > place.length) place = Buffer.allocUnsafeSlow(Math.min(2 * bytes, USUAL_BYTES));
  let at = 0;
  for (const chunk of chunks) {
    place.set(chunk, at);
    at += chunk.length;
  }
  return place.subarray(0, bytes);
}

/**
 * The whole text of a body. Throws TooLongError, and cancels the stream, when it is longer than `limitBytes`.
 */
export async function readText(
  body: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null,
  { who, limitBytes = ANSWER_LIMIT_BYTES }: { who: string; limitBytes?: number },
): Promise<string> {
  if (body === null) return '';
  const reader = createTextReader(who, limitBytes);
  for await (const chunk of body as AsyncIterable<Uint8Array>) reader.add(chunk);
  return reader.text();
}

function describeBytes(bytes: number): string {
  const [size, unit] = bytes >= 1024 * 1024 ? [bytes / 1024 / 1024, 'MB'] : [bytes / 1024, 'KB'];
  return `${Math.round(size)} ${unit}`;
}
