import type { Readable } from 'node:stream';

/** The streams of one `exec` or `attach`, over WebSocket channels or SPDY. */
export interface CommandStreams {
  /** What the client sends, until it ends it; undefined when it asked for no stdin. */
  readonly stdin: Readable | undefined;
  /** Which of the two the client asked for. */
  readonly wanted: { stdout: boolean; stderr: boolean };
  /**
   * Resolves when the client has taken enough of it for more to be
   * sent. Nothing is sent of what it did not ask for.
   */
  write(stream: 'stdout' | 'stderr', data: Buffer): Promise<void>;
  /** Sends how it ended, a Status, and closes. */
  finish(status: object): void;
  /** The client has left, or all has been said. */
  onClose(listener: () => void): void;
  /** Ends without a word. */
  close(): void;
}

export const SUCCESS = { metadata: {}, status: 'Success' };

/** As the kubelet says that it could not run a command. */
export const failure = (message: string) => ({
  metadata: {},
  status: 'Failure',
  message: `Internal error occurred: ${message}`,
  reason: 'InternalError',
  code: 500,
});

export const nonZero = (exitCode: number) => ({
  metadata: {},
  status: 'Failure',
  message: `command terminated with non-zero exit code: exit code ${exitCode}`,
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
});
