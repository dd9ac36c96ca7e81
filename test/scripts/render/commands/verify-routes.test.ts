import { describe, expect, it } from '@jest/globals';
import type { Route, Traffic } from '../../../../scripts/render/commands/dead-routes.ts';
import type { Brought } from '../../../../scripts/render/commands/read-traffic.ts';
import { deadRoutes } from '../../../../scripts/render/commands/verify-routes.ts';
import type {
  Deployment,
  DestinationRule,
  Pod,
  RouteDestination,
  Service,
  VirtualService,
} from '../../../../scripts/shared/kubernetes.ts';

const named = (name: string) => ({ metadata: { name, namespace: 'shop' } });
const service: Service = { ...named('coffee'), spec: { selector: { app: 'coffee' } } };
const rule = (...subsets: string[]): DestinationRule => ({
  ...named('coffee'),
  spec: { host: 'coffee', subsets: subsets.map((name) => ({ name, labels: { version: name } })) },
});
const to = (subset: string, weight?: number): RouteDestination => ({
  destination: { host: 'coffee', subset },
  ...(weight === undefined ? {} : { weight }),
});
const routes = (...route: RouteDestination[]): VirtualService => ({
  ...named('coffee'),
  spec: { hosts: ['coffee'], http: [{ route }] },
});
const pod = (version: string, status = 'True'): Pod => ({
  metadata: { name: `${version}-pod`, namespace: 'shop', labels: { app: 'coffee', version } },
  spec: { containers: [] },
  status: { conditions: [{ type: 'Ready', status }] },
});
const deployment = (version: string, replicas = 1): Deployment => ({
  ...named(version),
  spec: {
    replicas,
    selector: {},
    template: { metadata: { labels: { app: 'coffee', version } }, spec: { containers: [] } },
  },
});

const nothing: Traffic = { virtualServices: [], destinationRules: [], services: [], pods: [] };
/** v8 serves, and nothing of v1 is left. */
const v8: Traffic = {
  virtualServices: [routes(to('v8'))],
  destinationRules: [rule('v8')],
  services: [service],
  pods: [pod('v8'), pod('v8')],
};
const bring = (more: Partial<Brought>): Brought => ({
  ...{ virtualServices: [], destinationRules: [], services: [], deployments: [] },
  ...more,
});
const v1Files = { virtualServices: [routes(to('v1'))], destinationRules: [rule('v1')] };
const named503 = (live: Traffic, brought: Partial<Brought>): string[] =>
  deadRoutes(live, bring(brought)).map(
    ({ virtualService, subset }: Route) => `${virtualService.metadata.name} -> ${subset}`,
  );

describe('files that were written before the last switch', () => {
  it('would send all traffic to a version that is gone', () => {
    expect(named503(v8, v1Files)).toEqual(['coffee -> v1']);
  });

  it.each([
    ['the route alone', { virtualServices: v1Files.virtualServices }, 'coffee -> v1'],
    ['the subsets alone: the live route loses its own', { destinationRules: [rule('v1')] }, 'coffee -> v8'],
    ['a share of it', { virtualServices: [routes(to('v8', 90), to('v1', 10))] }, 'coffee -> v1'],
    [
      'with the Deployment: its pods are not ready yet, and v8 serves',
      { ...v1Files, deployments: [deployment('v1')] },
      'coffee -> v1',
    ],
  ])('%s', (_what, brought, dead) => {
    expect(named503(v8, brought)).toEqual([dead]);
  });

  it('do no harm where they name what serves, or give it no traffic', () => {
    expect(named503(v8, { virtualServices: [routes(to('v8'))], destinationRules: [rule('v8')] })).toEqual([]);
    expect(named503(v8, { virtualServices: [routes(to('v8', 100), to('v1', 0))] })).toEqual([]);
    expect(named503(v8, { destinationRules: [rule('v8', 'v1')] })).toEqual([]);
    // A mirror answers nobody.
    const [route] = routes(to('v8')).spec.http ?? [];
    const mirrored = { ...routes(), spec: { http: [{ ...route, mirror: to('v1').destination }] } };
    expect(named503(v8, { virtualServices: [mirrored] })).toEqual([]);
  });

  it('are good again where pods of theirs are ready', () => {
    expect(named503({ ...v8, pods: [...v8.pods, pod('v1')] }, v1Files)).toEqual([]);
    expect(named503({ ...v8, pods: [...v8.pods, pod('v1', 'False')] }, v1Files)).toEqual(['coffee -> v1']);
  });
});

describe('a first install', () => {
  const all = { ...v1Files, services: [service], deployments: [deployment('v1')] };
  it('is sent with the pods it brings', () => {
    expect(named503(nothing, all)).toEqual([]);
    expect(named503({ ...nothing, services: [service] }, { ...all, services: [] })).toEqual([]);
  });

  it('is not sent without them', () => {
    expect(named503(nothing, { ...all, deployments: [] })).toEqual(['coffee -> v1']);
    expect(named503(nothing, { ...all, deployments: [deployment('v1', 0)] })).toEqual(['coffee -> v1']);
    expect(named503(nothing, { ...all, deployments: [deployment('v2')] })).toEqual(['coffee -> v1']);
  });

  it('is none where pods answer already, by a Service or by a route to all of them', () => {
    const plain: Traffic = { ...nothing, services: [service], pods: [pod('plain')] };
    expect(named503(plain, all)).toEqual(['coffee -> v1']);
    const everyVersion = {
      ...named('coffee'),
      spec: { http: [{ route: [{ destination: { host: 'coffee' } }] }] },
    };
    expect(named503({ ...plain, virtualServices: [everyVersion] }, all)).toEqual(['coffee -> v1']);
  });

  it('is one again where all that was there answers nobody', () => {
    expect(named503({ ...v8, pods: [] }, all)).toEqual([]);
  });
});

describe('what is not judged', () => {
  it('is a host that no Service stands for', () => {
    const outside = {
      ...routes(),
      spec: { http: [{ route: [{ destination: { host: 'api.example', subset: 'a' } }] }] },
    };
    expect(named503(v8, { virtualServices: [outside] })).toEqual([]);
  });

  it('is a route of somebody else that these files leave as it is', () => {
    const dead = { ...routes(to('v0')), metadata: { name: 'other', namespace: 'shop' } };
    const live = { ...v8, virtualServices: [...v8.virtualServices, dead] };
    expect(named503(live, { destinationRules: [rule('v8')] })).toEqual([]);
    expect(named503(live, { virtualServices: [dead] })).toEqual(['other -> v0']);
  });
});
