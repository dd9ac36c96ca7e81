/** The log on stdout and the errors on stderr: a service serves on whether they can be written or not. */
import { writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';

/** Ignores write errors of stdout and stderr (EPIPE, EIO, ENOSPC): the service keeps serving. */
export function surviveLostOutputs(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): void {
  for (const stream of [stdout, stderr]) {
    writeWhole(stream);
    stream.on('error', () => undefined);
  }
}

/** Writes all of `text`. Resolves with the error in words; undefined for none and for EPIPE. */
export function written(stream: NodeJS.WriteStream, text: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    stream.write(text, (error: NodeJS.ErrnoException | null | undefined) => {
      if (!error || error.code === 'EPIPE') {
        resolve(undefined);
        return;
      }
      const [code, reason] = getSystemErrorMap().get(error.errno ?? 0) ?? [error.code, error.message];
      resolve(`${reason} (${String(code)})`);
    });
  });
}

/**
 * Retries partial writes to a file: Node writes once and drops the rest, and some versions throw the
 * error at the caller.
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
