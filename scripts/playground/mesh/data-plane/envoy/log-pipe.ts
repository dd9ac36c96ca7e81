import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import net from 'node:net';
import { promisify } from 'node:util';

export interface LogPipe {
  /** Hands over what is still in it and closes it. */
  close(): Promise<void>;
}

/**
 * A named pipe for a program that can log to files only. (`/dev/stdout`
 * of a child of Node is a socket, which cannot be opened.)
 * @param onLines gets whole lines.
 */
export async function openLogPipe(file: string, onLines: (text: string) => void): Promise<LogPipe> {
  await promisify(execFile)('mkfifo', ['-m', '600', file]);
  // Open for writing, too: so it has no end before we close it, however often the writer opens and closes it.
  const descriptor = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  const pipe = new net.Socket({ fd: descriptor, readable: true, writable: false });
  let rest = '';
  const take = (text: string): void => {
    const end = (rest + text).lastIndexOf('\n') + 1;
    const lines = (rest + text).slice(0, end);
    rest = (rest + text).slice(end);
    if (lines !== '') onLines(lines);
  };
  pipe.setEncoding('utf8').on('data', (text: Buffer | string) => take(text.toString()));
  pipe.on('error', () => undefined);
  pipe.unref();
  return {
    async close() {
      // What is in the pipe now was written before; one turn of the loop reads it.
      await new Promise((resolve) => setTimeout(resolve, 20));
      pipe.destroy();
    },
  };
}
