import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../../../apiserver/index.ts';
import { GROUPS_NOT_FOLLOWED, NOT_FOLLOWED } from '../../../../apiserver/registry/admission/not-followed.ts';
import { createStore } from '../../../../storage/store.ts';
import { ask, type Answered } from '../../http-client.ts';

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer({ store: createStore() });
});

afterAll(() => server.close());

const AS_IT_IS = ': this playground stores it and does not follow it: ';

const pathOf = (plural: string, group = 'networking.istio.io/v1') =>
  `/apis/${group}/namespaces/default/${plural}`;

function warnings({ headers }: Answered): string[] {
  const lines = [...String(headers['warning'] ?? '').matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)];
  return lines.map(([, text = '']) => JSON.parse(text) as string);
}

const VIRTUAL_SERVICES = pathOf('virtualservices');
const to = (host: string) => ({ route: [{ destination: { host } }] });

const KINDS: Record<string, string> = {
  virtualservices: 'VirtualService',
  destinationrules: 'DestinationRule',
  gateways: 'Gateway',
  peerauthentications: 'PeerAuthentication',
};

function post(path: string, name: string, spec: object): Promise<Answered> {
  const [, , group = '', version = '', , , plural = ''] = path.split('/');
  const head = { apiVersion: `${group}/${version}`, kind: KINDS[plural] };
  return ask(server, 'POST', path, { body: { ...head, metadata: { name }, spec } });
}

describe('a write of what the mesh stores and does not follow', () => {
  it('is warned of, by the first place and what holds instead, whichever way it is written', async () => {
    const spec = { hosts: ['cafe'], http: [to('cafe')], tcp: [to('cafe')] };
    const told = [`spec.tcp${AS_IT_IS}only HTTP reaches a proxy`];
    const created = await post(VIRTUAL_SERVICES, 'cafe', spec);
    expect([created.code, warnings(created)]).toEqual([201, told]);
    const one = `${VIRTUAL_SERVICES}/cafe`;
    const replaced = await ask(server, 'PUT', one, { body: created.body });
    expect([replaced.code, warnings(replaced)]).toEqual([200, told]);
    const patched = await ask(server, 'PATCH', one, {
      body: { spec: { http: [to('a'), { ...to('b'), corsPolicy: {} }, { ...to('c'), corsPolicy: {} }] } },
      contentType: 'application/merge-patch+json',
    });
    expect(warnings(patched)).toEqual([
      ...told,
      `spec.http[1].corsPolicy (and 1 more)${AS_IT_IS}answers get no CORS headers`,
    ]);
    const applied = await ask(server, 'PATCH', `${pathOf('sidecars')}/till?fieldManager=me`, {
      body: {
        apiVersion: 'networking.istio.io/v1',
        kind: 'Sidecar',
        metadata: { name: 'till' },
        spec: { egress: [{ bind: '127.0.0.1', hosts: ['./*'] }] },
      },
      contentType: 'application/apply-patch+yaml',
    });
    expect([applied.code, warnings(applied)]).toEqual([
      201,
      [`spec.egress[0].bind${AS_IT_IS}calls leave by port 15001`],
    ]);
  });

  it('is warned of as a whole where nothing of the kind is followed, in its older versions, too', async () => {
    for (const group of ['security.istio.io/v1', 'security.istio.io/v1beta1']) {
      const path = pathOf('peerauthentications', group);
      expect(warnings(await post(path, `strict-${group.length}`, { mtls: { mode: 'STRICT' } }))).toEqual([
        `PeerAuthentication${AS_IT_IS}connections between proxies are plain`,
      ]);
    }
  });

  it('is not warned of for values that are followed', async () => {
    const rule = (mode: string, simple: string) => ({
      host: 'cafe',
      trafficPolicy: { tls: { mode }, loadBalancer: { simple } },
    });
    const rules = pathOf('destinationrules');
    expect(warnings(await post(rules, 'plain', rule('DISABLE', 'RANDOM')))).toEqual([]);
    expect(warnings(await post(rules, 'mutual', rule('ISTIO_MUTUAL', 'PASSTHROUGH')))).toEqual([
      `spec.trafficPolicy.loadBalancer.simple${AS_IT_IS}PASSTHROUGH is taken for LEAST_REQUEST`,
      `spec.trafficPolicy.tls${AS_IT_IS}connections between proxies are plain`,
    ]);
    const servers = (protocol: string) => ({
      selector: {},
      servers: [{ hosts: ['*'], port: { number: 80, name: 'p', protocol } }],
    });
    expect(warnings(await post(pathOf('gateways'), 'http', servers('HTTP')))).toEqual([]);
    expect(warnings(await post(pathOf('gateways'), 'tcp', servers('TCP')))).toEqual([
      `spec.servers[0].port.protocol${AS_IT_IS}only HTTP servers are opened`,
    ]);
  });

  it('does not warn of a write that is refused', async () => {
    const refused = await post(VIRTUAL_SERVICES, 'bad', { hosts: ['cafe'], tls: [{ match: 'x' }] });
    expect([refused.code, warnings(refused)]).toEqual([422, []]);
  });
});

it('is in the mesh’s documents, line by line', () => {
  const shown = readFileSync(new URL('../../../../mesh/docs/not-followed.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => {
      const [kind = '', fields = '', instead = ''] = line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim());
      const name = kind.replaceAll('`', '');
      const list = [...fields.matchAll(/`([^`]+)`/g)].map(([, field = '']) => field);
      return (list.length === 0 ? [''] : list).map((field) => [name, field, instead].join(' | '));
    });
  const known = [
    ...NOT_FOLLOWED.filter(({ field = '' }) => !/^subsets|portLevelSettings/.test(field)).map(
      ({ kind, field = '', instead }) => [kind, field, instead].join(' | '),
    ),
    ...Object.entries(GROUPS_NOT_FOLLOWED).map(([group, instead]) => [`*.${group}`, '', instead].join(' | ')),
  ];
  expect([...shown].sort()).toEqual([...new Set(known)].sort());
});
