/**
 * Reads one HTTP/1.1 answer after the other from the bytes of a connection, and knows whether an answer is
 * whole. Clients that hide this difference count a cut-off body as a success. Message framing:
 * https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 */

export type ParseState = 'more' | 'whole' | 'broken';

type Phase =
  | 'head'
  | 'fixed'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailer'
  | 'whole'
  | 'broken';

const maxHeadBytes = 64 * 1024;
const keptBodyBytes = 200;

export class ResponseParser {
  status = 0;
  version: string | undefined;
  pod: string | undefined;
  /** Where a redirect leads. */
  location: string | undefined;
  keepAlive = true;
  /** The first bytes of an error's body: they tell which proxy refused and why. */
  bodyStart = '';
  /** Whether anything of this answer has arrived. */
  begun = false;

  #phase: Phase = 'head';
  #pending: Buffer = Buffer.alloc(0);
  #left = 0;
  readonly #noBody: boolean;

  /** @param noBody answers never carry a body (HEAD) */
  constructor(noBody = false) {
    this.#noBody = noBody;
  }

  /** Makes ready for the next answer on the same connection. */
  reset(): void {
    this.status = 0;
    this.version = undefined;
    this.pod = undefined;
    this.location = undefined;
    this.keepAlive = true;
    this.bodyStart = '';
    this.begun = false;
    this.#phase = 'head';
    this.#pending = Buffer.alloc(0);
    this.#left = 0;
  }

  /**
   * Takes what arrived. Bytes beyond a whole answer belong to no request: the connection is then not reused.
   */
  push(chunk: Buffer): ParseState {
    if (chunk.length > 0) this.begun = true;
    let data = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    this.#pending = Buffer.alloc(0);
    while (this.#phase !== 'whole' && this.#phase !== 'broken') {
      const used = this.#step(data);
      if (used < 0) {
        if (data.length > maxHeadBytes) this.#phase = 'broken';
        else this.#pending = data;
        break;
      }
      data = data.subarray(used);
    }
    if (this.#phase === 'whole' && data.length > 0) this.keepAlive = false;
    return this.#phase === 'whole' || this.#phase === 'broken' ? this.#phase : 'more';
  }

  /** The connection ended: whole only if the answer was one that lasts until the end. */
  end(): ParseState {
    if (this.#phase === 'until-close') this.#phase = 'whole';
    this.keepAlive = false;
    return this.#phase === 'whole' ? 'whole' : 'broken';
  }

  /** Consumes what it can and says how many bytes that was; -1 when it needs more. */
  #step(data: Buffer): number {
    switch (this.#phase) {
      case 'head':
        return this.#readHead(data);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailer':
        return this.#readLine(data);
      default:
        return this.#readBody(data);
    }
  }

  #readHead(data: Buffer): number {
    const end = data.indexOf('\r\n\r\n');
    if (end < 0) return -1;
    const [statusLine = '', ...lines] = data.toString('latin1', 0, end).split('\r\n');
    const match = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(statusLine);
    if (!match) {
      this.#phase = 'broken';
      return 0;
    }
    this.status = Number(match[2]);
    // Interim answers (100, 103) come before the real one.
    if (this.status >= 100 && this.status < 200 && this.status !== 101) return end + 4;
    this.#readHeaders(lines, match[1] === '1');
    return end + 4;
  }

  #readHeaders(lines: string[], keepAliveByDefault: boolean): void {
    let length: number | undefined;
    let chunked = false;
    this.keepAlive = keepAliveByDefault && this.status !== 101;
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      if (name === 'content-length') length = Number(value);
      else if (name === 'transfer-encoding') chunked = /\bchunked$/i.test(value);
      else if (name === 'connection')
        this.keepAlive = /\bclose\b/i.test(value) ? false : this.keepAlive || /\bkeep-alive\b/i.test(value);
      else if (name === 'x-version') this.version = value;
      else if (name === 'x-pod') this.pod = value;
      else if (name === 'location') this.location = value;
    }
    if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) this.#phase = 'broken';
    else if (this.#noBody || this.status === 204 || this.status === 304 || this.status === 101)
      this.#phase = 'whole';
    else if (chunked) this.#phase = 'chunk-size';
    else if (length === 0) this.#phase = 'whole';
    else if (length === undefined) {
      this.#phase = 'until-close';
      this.keepAlive = false;
    } else {
      this.#phase = 'fixed';
      this.#left = length;
    }
  }

  #readLine(data: Buffer): number {
    const end = data.indexOf('\r\n');
    if (end < 0) return -1;
    if (this.#phase === 'chunk-end') this.#phase = end === 0 ? 'chunk-size' : 'broken';
    else if (this.#phase === 'trailer') {
      if (end === 0) this.#phase = 'whole';
    } else {
      const size = /^([0-9a-f]{1,12})\s*(?:;|$)/i.exec(data.toString('latin1', 0, end))?.[1];
      this.#left = size === undefined ? -1 : Number.parseInt(size, 16);
      this.#phase = this.#left < 0 ? 'broken' : this.#left === 0 ? 'trailer' : 'chunk-data';
    }
    return end + 2;
  }

  #readBody(data: Buffer): number {
    if (data.length === 0) return -1;
    const taken = this.#phase === 'until-close' ? data.length : Math.min(this.#left, data.length);
    if (this.status >= 400 && this.bodyStart.length < keptBodyBytes) {
      this.bodyStart = (this.bodyStart + data.toString('latin1', 0, Math.min(taken, keptBodyBytes))).slice(
        0,
        keptBodyBytes,
      );
    }
    if (this.#phase === 'until-close') return taken;
    this.#left -= taken;
    if (this.#left === 0) this.#phase = this.#phase === 'fixed' ? 'whole' : 'chunk-end';
    return taken;
  }
}
