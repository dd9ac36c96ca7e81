import { describe, expect, it } from '@jest/globals';
import { refusalOf } from '../../../services/shared/effects.ts';

const local = { peer: '127.0.0.1', headers: { host: '127.0.0.1:9090' } };
const withHeaders = (headers: Record<string, string>, peer = '127.0.0.1') => ({
  peer,
  headers: { ...local.headers, ...headers },
});

describe('a request that has an effect, without a token', () => {
  it.each([
    ['IPv4', local],
    ['IPv6', { peer: '::1', headers: { host: '[::1]:9090' } }],
    ['IPv4 on an IPv6 socket', { peer: '::ffff:127.0.0.1', headers: { host: 'localhost:9090' } }],
    ['another address of the block', { peer: '127.1.0.4', headers: { host: '127.1.0.4:9090' } }],
    ['HTTP/1.0, which names no host', { peer: '127.0.0.1', headers: {} }],
    ['a page of its own', withHeaders({ 'sec-fetch-site': 'same-origin', origin: 'http://127.0.0.1:9090' })],
    ['a link of its own in an older browser', withHeaders({ referer: 'http://127.0.0.1:9090/x' })],
    ['a person who typed it', withHeaders({ 'sec-fetch-site': 'none' })],
  ])('is carried out for this machine itself: %s', (_what, asked) => {
    expect(refusalOf(asked, '')).toBeUndefined();
  });

  it.each([
    ['another machine', withHeaders({}, '10.244.0.7')],
    ['another machine that names this one', { peer: '10.244.0.7', headers: { host: 'localhost:9090' } }],
    ['a stranger behind Istio’s sidecar', withHeaders({}, '::ffff:127.0.0.6')],
    ['a stranger behind a proxy', withHeaders({ 'x-forwarded-for': '203.0.113.9' })],
    ['a stranger behind an Envoy', withHeaders({ 'x-forwarded-proto': 'http' })],
    [
      'a name that somebody’s DNS leads here',
      { peer: '127.0.0.1', headers: { host: 'rebound.example:9090' } },
    ],
    ['a connection that is gone', { peer: undefined, headers: local.headers }],
  ])('is refused to %s', (_what, asked) => {
    expect(refusalOf(asked, '')).toBe(
      'Without PRE_STOP_TOKEN only this machine itself may ask. Set it, and send it as x-pre-stop-token.',
    );
  });
});

describe('a request that has an effect, with a token', () => {
  it('is carried out for whoever sends it, from wherever', () => {
    const asked = { peer: '10.244.0.1', headers: { host: '10.244.0.7:9090', 'x-pre-stop-token': 'secret' } };
    expect(refusalOf(asked, 'secret')).toBeUndefined();
  });

  it.each([
    ['nothing', undefined],
    ['another one', 'secreT'],
    ['its beginning', 'secre'],
    ['other letters', 'ſecret'],
  ])('is refused to %s, this machine included', (_what, token: string | undefined) => {
    const asked = withHeaders(token === undefined ? {} : { 'x-pre-stop-token': token });
    expect(refusalOf(asked, 'secret')).toBe('The x-pre-stop-token header is missing or wrong.');
  });
});

describe('a page in a browser', () => {
  it.each([
    ['an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a page on another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['a form', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['an image in an older browser', { referer: 'https://evil.example/page' }],
    ['a page that says no address', { referer: 'about:client' }],
  ])('may not ask, token or not: %s', (_what, headers: Record<string, string>) => {
    for (const token of ['', 'secret'])
      expect(refusalOf(withHeaders({ ...headers, 'x-pre-stop-token': 'secret' }), token)).toBe(
        'Not for a page of another site.',
      );
  });
});
