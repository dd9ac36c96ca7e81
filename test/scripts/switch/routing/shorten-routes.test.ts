import { describe, expect, it } from '@jest/globals';
import type { RoutesDump } from '../../../../scripts/shared/istio/envoy-answers.ts';
import { evaluateRoutes } from '../../../../scripts/switch/routing/virtual-service/routes.ts';
import * as shortenRoutes from '../../../../scripts/switch/routing/shorten-routes.ts';
import { host, recorded, reference, stages } from '../recorded.ts';

const withoutOtherHosts = (dump: string, texts: readonly string[]) =>
  shortenRoutes.withoutOtherHosts(Buffer.from(dump), texts);
/** As Envoy writes it. */
const written = (dump: object) => `${JSON.stringify(dump, undefined, 1)}\n`;
const virtualHost = (name: string, cluster = `outbound|80||${name}`) => ({
  name,
  domains: [name],
  routes: [{ match: { prefix: '/' }, route: { cluster } }],
});
const config = (name: string, ...hosts: object[]) => ({
  '@type': 'DynamicRouteConfig',
  route_config: { name, virtual_hosts: hosts, request_headers_to_add: [{}], validate_clusters: false },
  last_updated: '2026-11-30T12:00:00Z',
});
const namesLeft = (text: string) =>
  ((JSON.parse(text) as RoutesDump).configs ?? []).map(({ route_config: one }) => [
    one?.name,
    ...(one?.virtual_hosts ?? []).map(({ name }) => name),
  ]);

describe('a dump of routes without the virtual hosts of other services', () => {
  it('a shortened dump has every route configuration, and of its virtual hosts those that name ours', () => {
    const dump = {
      configs: [
        config('80', virtualHost('tea'), virtualHost('ours'), virtualHost('cake')),
        config('90', virtualHost('tea'), virtualHost('cake')),
        config('none'),
        config('8080', virtualHost('by-another-name', 'outbound|80||ours'), virtualHost('ours')),
        config('9090', virtualHost('tea')),
      ],
    };
    const short = withoutOtherHosts(written(dump), ['ours']);
    expect(namesLeft(short)).toEqual([
      ['80', 'ours'],
      ['90'],
      ['none'],
      ['8080', 'by-another-name', 'ours'],
      ['9090'],
    ]);
    const kept = JSON.parse(short) as typeof dump;
    expect(kept.configs[3]).toEqual(dump.configs[3]);
  });

  it.each([
    ['on one line', JSON.stringify({ configs: [config('80', virtualHost('tea'))] })],
    ['with two spaces', JSON.stringify({ configs: [config('80', virtualHost('tea'))] }, undefined, 2)],
    ['with an empty virtual host', written({ configs: [config('80', virtualHost('tea'), {})] })],
    ['with nothing but one', written({ configs: [config('80', {}), config('90', virtualHost('tea'))] })],
    ['without configurations', written({})],
    ['as no JSON', 'upstream connect error'],
    ['broken off', written({ configs: [config('80', virtualHost('tea'))] }).slice(0, 150)],
  ])('a dump stays as it is where it is written %s', (_how, text) => {
    expect(withoutOtherHosts(text, ['ours'])).toBe(text);
  });

  it('a shortened dump keeps a virtual host in which characters are written by their numbers', () => {
    const text = written({ configs: [config('80', virtualHost('tea'), virtualHost('OURS'))] });
    expect(namesLeft(withoutOtherHosts(text.replaceAll('OURS', '\\u006furs'), ['ours']))).toEqual([
      ['80', 'ours'],
    ]);
  });

  it('a shortened dump cannot be deceived by a text that looks like the end of a virtual host', () => {
    const odd = virtualHost('tea\n     },\n     {\n    ]');
    const text = written({ configs: [config('80', odd, virtualHost('ours'))] });
    expect(namesLeft(withoutOtherHosts(text, ['ours']))).toEqual([['80', 'ours']]);
  });

  it.each(['gateway', 'sidecar'])(
    'a shortened dump says of a real %s what the whole dump says, at every stage',
    (who) => {
      const expected = { host, reference, names: new Set(['stage-shifted']), forbidden: 'v2' };
      for (const stage of stages) {
        const dump = recorded<RoutesDump>(`${who}.routes.${stage}`);
        const short = JSON.parse(withoutOtherHosts(written(dump), [host, 'cafe'])) as RoutesDump;
        expect(evaluateRoutes(short, expected)).toEqual(evaluateRoutes(dump, expected));
      }
    },
  );
});
