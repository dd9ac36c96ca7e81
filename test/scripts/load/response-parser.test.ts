import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ResponseParser, type ParseState } from '../../../scripts/load/response-parser.ts';

function parse(text: string, cuts: number[] = []): { parser: ResponseParser; state: ParseState } {
  const parser = new ResponseParser();
  const bytes = Buffer.from(text, 'latin1');
  let state: ParseState = 'more';
  let from = 0;
  for (const to of [...new Set(cuts.map((cut) => cut % bytes.length))]
    .sort((a, b) => a - b)
    .concat(bytes.length)) {
    if (to === from) continue;
    state = parser.push(bytes.subarray(from, to));
    from = to;
  }
  return { parser, state };
}

const fixed = 'HTTP/1.1 201 Created\r\nX-Version: v2\r\nx-pod: p-1\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-version: v2\r\n\r\n5\r\nhello\r\nA;q=1\r\n0123456789\r\n0\r\nx: y\r\n\r\n';

describe('the response parser', () => {
  it.each([
    ['a fixed length', fixed, 201],
    ['chunks', chunked, 200],
    [
      'interim answers first',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${fixed}`,
      201,
    ],
  ])('reads %s, however the bytes are cut', (_, text, status) => {
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const { parser, state } = parse(text, cuts);
        expect(state).toBe('whole');
        expect(parser).toMatchObject({ status, version: 'v2', keepAlive: true });
      }),
    );
  });

  it('never calls an answer whole while its last byte is missing', () => {
    for (const text of [fixed, chunked]) {
      for (let length = 0; length < text.length; length += 1) {
        const parser = new ResponseParser();
        expect(parser.push(Buffer.from(text.slice(0, length)))).toBe('more');
        expect(parser.end()).toBe('broken');
      }
    }
  });

  it('knows answers without a body', () => {
    for (const status of ['204 No Content', '304 Not Modified']) {
      expect(parse(`HTTP/1.1 ${status}\r\ncontent-length: 7\r\n\r\n`).state).toBe('whole');
    }
    expect(new ResponseParser(true).push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n'))).toBe(
      'whole',
    );
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.1 200 OK\r\nconnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n', true],
    ['HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n', true],
    ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nunasked', false],
  ])('knows whether the connection may be used again: %j', (text, keepAlive) => {
    expect(parse(text).parser.keepAlive).toBe(keepAlive);
  });

  it('takes an answer without a length as whole only when the connection ends', () => {
    const { parser, state } = parse('HTTP/1.1 200 OK\r\n\r\nabc');
    expect(state).toBe('more');
    expect(parser.end()).toBe('whole');
  });

  it.each([
    'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`,
  ])('refuses what is no HTTP answer: %#', (text) => {
    expect(parse(text).state).toBe('broken');
  });

  it('keeps the beginning of an error body, and nothing of the answer before', () => {
    const { parser } = parse(
      'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 19\r\nx-version: v1\r\n\r\nno healthy upstream',
    );
    expect(parser.bodyStart).toBe('no healthy upstream');
    parser.reset();
    expect(parser.push(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))).toBe('whole');
    expect(parser).toMatchObject({ status: 200, bodyStart: '', version: undefined });
  });
});
