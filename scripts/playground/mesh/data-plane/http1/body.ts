import { header, ProtocolError, type Headers, type RequestHead, type ResponseHead } from './head.ts';

/**
 * Finds where a message's body ends in a stream of bytes, without changing a byte: bodies are passed on as
 * they come, chunk lines and trailers included.
 */
export interface Body {
  readonly done: boolean;
  /** How many bytes of `data`, from `offset` on, belong to this body. */
  take(data: Buffer, offset: number): number;
  /** How many bytes of content were taken, without what frames them. */
  readonly content: number;
  /** The connection ended: true when that is a proper end of this body. */
  readonly endsWithConnection: boolean;
}

class NoBody implements Body {
  readonly done = true;
  readonly content = 0;
  readonly endsWithConnection = false;

  take(): number {
    return 0;
  }
}

class LengthBody implements Body {
  readonly endsWithConnection = false;
  content = 0;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  take(data: Buffer, offset: number): number {
    const taken = Math.min(this.#left, data.length - offset);
    this.#left -= taken;
    this.content += taken;
    return taken;
  }
}

class UntilClose implements Body {
  readonly done = false;
  readonly endsWithConnection = true;
  content = 0;

  take(data: Buffer, offset: number): number {
    this.content += data.length - offset;
    return data.length - offset;
  }
}

const LF = 10;

/** https://www.rfc-editor.org/rfc/rfc9112#name-chunked-transfer-coding */
class ChunkedBody implements Body {
  readonly endsWithConnection = false;
  content = 0;
  done = false;
  #state: 'size' | 'data' | 'data-end' | 'trailer' = 'size';
  #line = '';
  #left = 0;

  take(data: Buffer, offset: number): number {
    let at = offset;
    while (at < data.length && !this.done) {
      if (this.#state === 'data') {
        const step = Math.min(this.#left, data.length - at);
        this.#left -= step;
        this.content += step;
        at += step;
        if (this.#left === 0) this.#state = 'data-end';
        continue;
      }
      const end = data.indexOf(LF, at);
      const stop = end === -1 ? data.length : end + 1;
      this.#line += data.toString('latin1', at, stop);
      if (this.#line.length > 8192) throw new ProtocolError('chunk line too long');
      at = stop;
      if (end !== -1) this.#onLine();
    }
    return at - offset;
  }

  #onLine(): void {
    const line = this.#line.trimEnd();
    this.#line = '';
    if (this.#state === 'size') {
      const size = /^([0-9a-fA-F]{1,12})\s*(;.*)?$/.exec(line)?.[1];
      if (size === undefined) throw new ProtocolError('malformed chunk size');
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailer' : 'data';
    } else if (this.#state === 'data-end') {
      if (line !== '') throw new ProtocolError('chunk longer than its size');
      this.#state = 'size';
    } else if (line === '') {
      this.done = true;
    }
  }
}

const NONE = new NoBody();

export function requestBody(head: RequestHead): Body {
  return framed(head.headers) ?? NONE;
}

/** https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length */
export function responseBody(head: ResponseHead, method: string): Body {
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) return NONE;
  return framed(head.headers) ?? new UntilClose();
}

function framed(headers: Headers): Body | undefined {
  const length = header(headers, 'content-length');
  const encoding = header(headers, 'transfer-encoding');
  if (encoding !== undefined) {
    // Both at once is how requests are smuggled.
    if (length !== undefined) throw new ProtocolError('unclear body length');
    if (encoding.toLowerCase() !== 'chunked') throw new ProtocolError('unknown transfer encoding', 501);
    return new ChunkedBody();
  }
  if (length === undefined) return undefined;
  if (!/^\d{1,15}$/.test(length)) throw new ProtocolError('malformed content-length');
  return length === '0' ? NONE : new LengthBody(Number(length));
}
