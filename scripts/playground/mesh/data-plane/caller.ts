import type net from 'node:net';

/** The caller of a request: the part of its connection that the request may use. */
export interface Caller {
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Where the caller connected, `address:port`. */
  readonly local: string;
  readonly closesAfterAnswer: boolean;
  pauseReading(): void;
  resumeReading(): void;
  /** Sends `100 Continue` to a caller that waits for it before its body. */
  sendContinue(): void;
  /** Starts an answer; what follows within the same turn leaves in one packet. */
  writeHead(head: string): void;
  /** False when it is to be asked for no more until `onDownstreamWritable`. */
  write(chunk: Buffer): boolean;
  flush(): void;
  /**
   * From here on both connections are one: bytes go through as they
   * come, and the end of one is the end of the other.
   */
  tunnel(upstream: net.Socket, first: Buffer): void;
  /** The connection ends after the present answer. */
  closeAfterAnswer(): void;
  /** The answer is complete. */
  finish(): void;
  /** The answer broke off: the caller must see that it is not whole. */
  abort(): void;
  /** Ends without a word. */
  end(): void;
}
