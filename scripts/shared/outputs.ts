/** Standard output and standard error, so that a full disk or a closed pipe does not end a run. */
import { writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { CommandError } from './errors.ts';

/** Not an error: the reader has closed the pipe. */
const READER_LEFT: readonly unknown[] = ['EPIPE', 'ECONNRESET'];

export interface Outputs {
  /**
   * Writes the result and waits until stdout has taken it, or until
   * `signal` aborts. Fails when it cannot be written whole.
   */
  print(text: string, signal: AbortSignal): Promise<void>;
  /**
   * Flushes both, however slowly they are read. Resolves with the error that kept stdout from being written
   * whole; a closed pipe is not one, and neither is any error of stderr.
   */
  settled(): Promise<CommandError | undefined>;
}

/**
 * Takes the place of Node's default for both, which is to end the
 * process with a stack trace, or to say nothing at all.
 */
export function watchOutputs(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Outputs {
  let lost: CommandError | undefined;
  writeWhole(stdout);
  writeWhole(stderr);
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!READER_LEFT.includes(error.code)) lost ??= resultLost(error);
  });
  // Ignore errors of stderr (EPIPE, EIO, ENOSPC): there is nowhere left to report them.
  stderr.on('error', () => undefined);
  return {
    async print(text, signal) {
      stdout.write(text);
      await Promise.race([taken(stdout), aborted(signal)]);
      if (lost !== undefined) throw lost;
    },
    async settled() {
      await Promise.all([taken(stdout), taken(stderr)]);
      return lost;
    },
  };
}

/**
 * Node does not retry a partial write to a file: on a full disk the rest is missing without an error.
 * https://man7.org/linux/man-pages/man2/write.2.html ("partial write")
 */
function writeWhole(stream: NodeJS.WriteStream): void {
  const { _type: type, fd } = stream as unknown as { _type?: unknown; fd: number };
  if (type !== 'fs') return;
  stream._write = (chunk: Buffer | string, encoding, done) => {
    try {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

/** Resolves once everything written before is flushed, or has failed. */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    // The `error` event comes in a later tick than the callback.
    const done = (): void => void setImmediate(resolve);
    // A failed stream may never call back.
    if (stream.errored !== null || stream.destroyed) done();
    else {
      stream.once('error', done);
      stream.write('', () => {
        stream.off('error', done);
        done();
      });
    }
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function resultLost(error: NodeJS.ErrnoException): CommandError {
  const [code, reason] = getSystemErrorMap().get(error.errno ?? 0) ?? [error.code, error.message];
  return new CommandError(
    `stdout: ${reason} (${String(code)}). The result is incomplete: write it to where there is room.`,
    { cause: error },
  );
}
