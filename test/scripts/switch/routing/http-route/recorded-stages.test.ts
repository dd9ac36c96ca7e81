import { describe, expect, it } from '@jest/globals';
import type { EndpointsDump, RoutesDump } from '../../../../../scripts/shared/istio/envoy-answers.ts';
import type { Verdict } from '../../../../../scripts/switch/routing/verdict.ts';
import { recorded, recordedFile, routeAt, routingWith, stages } from './recorded.ts';

const proxy = { namespace: 'ze-gapi' };
const move = { from: 'v1', to: 'v2', marker: 'switch-v1-to-v2-1a2b3c4d' };
const provenAt = (look: (stage: string) => Verdict) => stages.filter((stage) => look(stage).proven);

/** The addresses of v2's pods, as the mesh had them. */
const podsOf = (dump: EndpointsDump) =>
  new Set(
    (dump.configs ?? [])
      .filter(({ endpoint_config: config }) => config?.cluster_name?.includes('||shop-v2.'))
      .flatMap(({ endpoint_config: config }) => config?.endpoints ?? [])
      .flatMap(({ lb_endpoints: all = [] }) => all)
      .map(({ endpoint }) => endpoint?.address?.socket_address?.address ?? ''),
  );

describe.each(['gateway', 'sidecar'])('a real %s through a switch by HTTPRoute', (who) => {
  const dumpAt = (stage: string) => recorded<RoutesDump>(`${who}.routes.${stage}`);

  it('shows the new pods as soon as their Service is there, before any rule names it', () => {
    const ready = podsOf(recorded<EndpointsDump>(`${who}.endpoints.2-deployed`));
    expect(ready.size).toBe(1);
    const question = routingWith(routeAt(who, '2-deployed')).reachable('v2');
    const at = provenAt((stage) => question.read([recorded(`${who}.endpoints.${stage}`)], proxy, ready));
    expect(at).toEqual(stages.slice(1));
    const before = question.read([recorded(`${who}.endpoints.1-before`)], proxy, ready);
    expect(before).toHaveProperty('saw', expect.stringContaining('shop-v2'));
  });

  it('shows no other pods as the ready ones', () => {
    const question = routingWith(routeAt(who, '2-deployed')).reachable('v2');
    const read = (ready: string[]) =>
      question.read([recorded(`${who}.endpoints.2-deployed`)], proxy, new Set(ready));
    expect(read(['10.9.9.9'])).toHaveProperty('saw', expect.stringContaining('without 10.9.9.9'));
    expect(read([])).toMatchObject({ proven: false });
  });

  it('shows a canary only with the marker of its share', () => {
    const question = routingWith(routeAt(who, '3-canary-90-10')).routed({ ...move, share: 10 });
    expect(provenAt((stage) => question.read([dumpAt(stage)], proxy, undefined))).toEqual(['3-canary-90-10']);
  });

  it('shows the shifted rules, and nothing that came before counts for them', () => {
    const question = routingWith(routeAt(who, '4-route-shifted')).routed({ ...move, share: 100 });
    expect(provenAt((stage) => question.read([dumpAt(stage)], proxy, undefined))).toEqual([
      '4-route-shifted',
      '5-service-v1-deleted',
      '6-deployment-v1-deleted',
    ]);
  });

  it('has forgotten the old version when its Service is gone', () => {
    const question = routingWith(routeAt(who, '5-service-v1-deleted'), ['v2']).gone('v1');
    const at = provenAt((stage) =>
      question.read([{ configs: [] }, recorded(`${who}.active_clusters.${stage}`)], proxy, undefined),
    );
    expect(at).toEqual(['5-service-v1-deleted', '6-deployment-v1-deleted']);
  });

  it('proves nothing by an answer that is none', () => {
    const routing = routingWith(routeAt(who, '4-route-shifted'));
    for (const odd of [null, [], { configs: [{}] }]) {
      expect(routing.routed({ ...move, share: 100 }).read([odd], proxy, undefined).proven).toBe(false);
      expect(routing.reachable('v2').read([odd], proxy, new Set(['10.0.0.1'])).proven).toBe(false);
      expect(routing.gone('v1').read([{ configs: [] }, odd], proxy, undefined).proven).toBe(false);
    }
  });
});

describe('what a real mesh answered of rules that do not do what they say', () => {
  type Dump = { body: RoutesDump };
  const shifted = routeAt('gateway', '4-route-shifted');
  const read = (route: typeof shifted, dump: RoutesDump, namespace = 'ze-gapi') =>
    routingWith(route)
      .routed({ ...move, share: 100 })
      .read([dump], { namespace }, undefined);

  it('a rule with only weights of 0 is not proven: it answers 500 with status True', () => {
    const { results } = recordedFile<{
      results: { weights: string; gateway_dump: RoutesDump & Dump }[];
    }>('b-weight-0');
    const dump = results.find(({ weights }) => weights === 'only v1, weight 0')?.gateway_dump;
    expect(dump).toBeDefined();
    const marked = 'ze-gapi--weight0-only-v1-w0';
    const [tester, main] = shifted.spec.rules ?? [];
    const rules = [tester ?? {}, { ...main, name: marked }];
    const route = { ...shifted, spec: { ...shifted.spec, rules } };
    expect(read(route, dump?.body ?? (dump as RoutesDump))).toMatchObject({ proven: false });
  });

  it('a VirtualService beside the HTTPRoute that leads to every version is not proven', () => {
    const found = recordedFile<{ virtualservice_younger: { gateway: Dump } }>(
      'e-virtualservice-beside-httproute',
    );
    const verdict = read(shifted, found.virtualservice_younger.gateway.body);
    expect(verdict).toHaveProperty('saw', expect.stringContaining('leads to every version'));
  });

  it('a route of a consumer’s namespace in the place of ours is of another revision', () => {
    const found = recordedFile<{ without_reference_grant: { consumer: Dump } }>('f-consumer-route');
    const mesh = routeAt('sidecar', '4-route-shifted');
    const verdict = read(mesh, found.without_reference_grant.consumer.body, 'ze-gapi-b');
    expect(verdict).toHaveProperty('saw', expect.stringContaining('consumer-marker'));
  });

  it('a rule whose match another HTTPRoute had first is missing, and said so', () => {
    const { gateway } = recordedFile<{ gateway: Dump }>('a-two-httproutes-merged');
    const main = shifted.spec.rules?.[1] ?? {};
    const vanished = { ...main, name: 'vanished' };
    const route = { ...shifted, spec: { ...shifted.spec, rules: [...(shifted.spec.rules ?? []), vanished] } };
    expect(read(route, gateway.body)).toHaveProperty('saw', expect.stringContaining('"vanished"'));
  });
});
