import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { HttpRoute, VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import { createMarker, hasMarker, withMarker } from '../../../../scripts/switch/routing/marker.ts';
import {
  describeShares,
  dividedRoutes,
  liveSubsets,
  namedSubsets,
  redirect,
  shareBetween,
} from '../../../../scripts/switch/routing/virtual-service/virtual-service.ts';
import { host, recordedFile } from '../recorded.ts';

const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
const to = (subset: string, more: object = {}) => ({ destination: { host: 'coffee-shop', subset }, ...more });
const marker = createMarker('v1', 'v2', '0123abcd');
const move = (routes: HttpRoute[], share = 100) =>
  redirect(routes, { from: 'v1', to: 'v2', share, marker }, target);
const service = (http: HttpRoute[], more: object = {}): VirtualService => ({
  metadata: { name: 'coffee-shop' },
  spec: { http, ...more },
});

describe('redirect', () => {
  it('sends a single route to the new version under the marker’s name', () => {
    expect(move([{ route: [to('v1')] }])).toEqual([{ name: marker, route: [to('v2')] }]);
    expect(move([{ name: 'first-release', route: [to('v1')] }])).toEqual([
      { name: `first-release--${marker}`, route: [to('v2')] },
    ]);
  });

  it('replaces the marker of an earlier switch, and keeps the author’s name', () => {
    const earlier = createMarker('v0', 'v1', 'ffffffff');
    expect(withMarker(earlier, marker)).toBe(marker);
    expect(withMarker(`main--${earlier}`, marker)).toBe(`main--${marker}`);
    expect(withMarker('main', marker)).toBe(`main--${marker}`);
  });

  it('leads what goes to every version to one, and back: no subset is written where none is meant', () => {
    const every = { destination: { host: 'coffee-shop', port: { number: 80 } } };
    const tea = { destination: { host: 'tea' } };
    const routes = [{ name: 'main', route: [every], mirror: { host: 'coffee-shop' } }, { route: [tea] }];
    const there = redirect(routes, { from: '', to: 'v1', share: 100, marker }, target);
    expect(there).toEqual([
      {
        name: `main--${marker}`,
        route: [{ destination: { ...every.destination, subset: 'v1' } }],
        mirror: { host: 'coffee-shop', subset: 'v1' },
      },
      { route: [tea] },
    ]);
    const back = redirect(there, { from: 'v1', to: '', share: 100, marker }, target);
    expect(back).toEqual([{ ...routes[0], name: `main--${marker}` }, routes[1]]);
    expect(back[0]?.route?.[0]?.destination).not.toHaveProperty('subset');
  });

  it('shares out each destination in its place, and takes it together again', () => {
    const tea = { destination: { host: 'tea' }, weight: 20 };
    const at = (subset: string, port: number, weight: number) => ({
      destination: { host: 'coffee-shop', subset, port: { number: port } },
      weight,
    });
    const routes = [{ name: 'main', route: [tea, at('v1', 80, 40), at('v1', 81, 40)] }];
    const [quarter] = move(routes, 25);
    expect(quarter?.route).toEqual([
      tea,
      at('v1', 80, 30),
      at('v2', 80, 10),
      at('v1', 81, 30),
      at('v2', 81, 10),
    ]);
    const half = move(quarter ? [quarter] : [], 50);
    expect(half[0]?.route).toEqual([
      tea,
      at('v1', 80, 20),
      at('v2', 80, 20),
      at('v1', 81, 20),
      at('v2', 81, 20),
    ]);
    expect(move(half)[0]?.route).toEqual([tea, at('v2', 80, 40), at('v2', 81, 40)]);
  });

  it('knows which routes divide their traffic between two versions by themselves', () => {
    const divided = { name: 'beta', route: [to('v1', { weight: 90 }), to('v2', { weight: 10 })] };
    const leftOver = { name: 'idle', route: [to('v1', { weight: 100 }), to('v2', { weight: 0 })] };
    const found = dividedRoutes(service([divided, leftOver, { route: [to('v2')] }]), ['v1', 'v2'], target);
    expect(found).toEqual([divided]);
  });

  it('leaves every other route the very object it was', () => {
    const beta = {
      match: [{ headers: { cookie: { regex: 'beta' } } }],
      route: [to('v3')],
      retries: { attempts: 0 },
    };
    const other = { name: 'shop', route: [{ destination: { host: 'other', subset: 'v1' } }] };
    const elsewhere = {
      route: [{ destination: { host: 'coffee-shop.else.svc.cluster.local', subset: 'v1' } }],
    };
    const routes = [beta, other, elsewhere, { route: [to('v1')] }];
    const moved = move(routes);
    expect(moved.slice(0, 3).map((route, index) => route === routes[index])).toEqual([true, true, true]);
    expect(moved[3]?.name).toBe(marker);
  });

  it('knows the service by its short name and by its full one', () => {
    const [moved] = move([
      { route: [{ destination: { host: target.host, subset: 'v1', port: { number: 8080 } } }] },
    ]);
    expect(moved?.route).toEqual([
      { destination: { host: target.host, subset: 'v2', port: { number: 8080 } } },
    ]);
  });

  it('keeps matches, policies, header operations and the shares of other services', () => {
    const route: HttpRoute = {
      match: [{ uri: { prefix: '/orders' } }],
      timeout: '3s',
      headers: { request: { set: { a: 'b' } } },
      route: [
        to('v1', { weight: 80, headers: { response: { add: { x: 'y' } } } }),
        { destination: { host: 'other' }, weight: 20 },
      ],
    };
    expect(move([route])).toEqual([
      {
        ...route,
        name: marker,
        route: [
          to('v2', { weight: 80, headers: { response: { add: { x: 'y' } } } }),
          { destination: { host: 'other' }, weight: 20 },
        ],
      },
    ]);
  });

  it('shares the traffic out in steps and ends with a single destination', () => {
    const five = move([{ route: [to('v1')] }], 5);
    expect(five[0]?.route).toEqual([to('v1', { weight: 95 }), to('v2', { weight: 5 })]);
    const half = move(five, 50);
    expect(half[0]?.route).toEqual([to('v1', { weight: 50 }), to('v2', { weight: 50 })]);
    expect(move(half)[0]?.route).toEqual([to('v2')]);
  });

  it('turns mirrors only when the old version leaves', () => {
    const mirrored: HttpRoute = {
      route: [to('v1')],
      mirror: to('v1').destination,
      mirrors: [{ ...to('v1'), percentage: { value: 1 } }],
    };
    expect(move([mirrored], 50)[0]?.mirror).toEqual(to('v1').destination);
    expect(move([mirrored])[0]).toMatchObject({
      mirror: to('v2').destination,
      mirrors: [{ ...to('v2'), percentage: { value: 1 } }],
    });
  });

  it('touches only the routes of its own switch on the way back', () => {
    const theirs = { name: 'beta', match: [{}], route: [to('v2')] };
    const shifted = [theirs, ...move([{ name: 'main', route: [to('v1')] }])];
    const back = createMarker('v2', 'v1', '0123abcd');
    const returned = redirect(
      shifted,
      { from: 'v2', to: 'v1', share: 100, marker: back, only: (route) => hasMarker(route, marker) },
      target,
    );
    expect(returned).toEqual([theirs, { name: `main--${back}`, route: [to('v1')] }]);
  });

  it('gives each side its share where the weights are small: they are relative, and the others keep their part', () => {
    const weightsOf = (routes: HttpRoute[]) =>
      routes[0]?.route?.map(({ destination: { host: where, subset }, weight }) => [subset ?? where, weight]);
    const tea = { destination: { host: 'tea' }, weight: 1 };
    const even = [{ name: 'main', route: [to('v1', { weight: 1 }), tea] }];
    const half = move(even, 50);
    expect(weightsOf(half)).toEqual([
      ['v1', 1],
      ['v2', 1],
      ['tea', 2],
    ]);
    const five = move(even, 5);
    expect(weightsOf(five)).toEqual([
      ['v1', 19],
      ['v2', 1],
      ['tea', 20],
    ]);
    expect(weightsOf(move(five, 25))).toEqual([
      ['v1', 15],
      ['v2', 5],
      ['tea', 20],
    ]);
    expect(weightsOf(move(five))).toEqual([
      ['v2', 1],
      ['tea', 1],
    ]);
  });

  it('gives in percent again what came in percent', () => {
    const tea = { destination: { host: 'tea' }, weight: 10 };
    const five = move([{ route: [to('v1', { weight: 90 }), tea] }], 5);
    expect(five[0]?.route?.map(({ weight }) => weight)).toEqual([171, 9, 20]);
    expect(move(five)[0]?.route).toEqual([to('v2', { weight: 90 }), tea]);
  });

  /** What each destination's weight is of all of the route, by its place and whatever its subset. */
  const ratios = ({ route = [] }: HttpRoute) => {
    const of = (one: (typeof route)[number]) => (route.length === 1 ? 1 : (one.weight ?? 0));
    const sum = route.reduce((total, one) => total + of(one), 0);
    return route.map((one) => ({ one, ratio: sum === 0 ? 0 : of(one) / sum, weight: of(one) }));
  };
  const weights = fc.oneof(
    fc.integer({ min: 0, max: 100 }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  );
  const destinations = fc
    .uniqueArray(
      fc.record({
        host: fc.constantFrom('coffee-shop', 'tea', 'cake'),
        subset: fc.constantFrom('v1', 'v3'),
        port: fc.record({ number: fc.constantFrom(80, 81, 82) }),
      }),
      {
        minLength: 1,
        maxLength: 6,
        selector: ({ host: where, subset, port }) => `${where}${subset}${port.number}`,
      },
    )
    .chain((places) =>
      fc.tuple(
        ...places.map((destination) => fc.record({ destination: fc.constant(destination), weight: weights })),
      ),
    );
  const shares = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 4 });

  it('holds every ratio at any weights and shares, one share after another, and never leaves a side empty', () => {
    fc.assert(
      fc.property(destinations, shares, (list, steps) => {
        const original: HttpRoute = { name: 'main', route: list };
        const before = JSON.stringify(original);
        let routes = [original];
        for (const share of [...steps.sort((a, b) => a - b), 100]) {
          routes = move(routes, share);
          const now = ratios(routes[0] ?? {});
          for (const { one, ratio: wanted } of ratios(original)) {
            const { host: where, subset, port } = one.destination;
            const at = (name?: string) =>
              now.find(
                ({ one: { destination } }) =>
                  destination.host === where &&
                  destination.subset === name &&
                  destination.port?.number === port?.number,
              );
            const isOurs = where === 'coffee-shop' && subset === 'v1';
            const [old, fresh] = isOurs ? [at('v1'), at('v2')] : [at(subset), undefined];
            expect(Math.abs((old?.ratio ?? 0) + (fresh?.ratio ?? 0) - wanted)).toBeLessThan(1e-5);
            if (!isOurs || wanted === 0) continue;
            expect(Math.abs((fresh?.ratio ?? 0) - (wanted * share) / 100)).toBeLessThan(1e-5);
            expect(fresh?.weight).toBeGreaterThan(0);
            if (share < 100) expect(old?.weight).toBeGreaterThan(0);
            else expect(old).toBeUndefined();
          }
          for (const { weight } of now) expect(Number.isInteger(weight)).toBe(true);
          // Istio's weight is an int32, Envoy adds them up in a uint32.
          const sum = now.reduce((total, { weight }) => total + weight, 0);
          if (now.length > list.length) expect(sum).toBeLessThan(2 ** 31);
        }
        expect(JSON.stringify(original)).toBe(before);
        expect(namedSubsets(service(routes), target).has('v1')).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('never changes its input, never names the old version after 100 %, and keeps the ratio of what it does not share', () => {
    const destination = fc.record({
      destination: fc.record({
        host: fc.constantFrom('coffee-shop', target.host, 'other'),
        subset: fc.constantFrom('v1', 'v2', 'v3'),
      }),
      weight: fc.integer({ min: 0, max: 100 }),
    });
    const route = fc.record({
      name: fc.constantFrom('a', 'b'),
      route: fc.array(destination, { minLength: 2, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(route, { maxLength: 4 }), fc.constantFrom(0, 5, 33, 100), (routes, share) => {
        const before = JSON.stringify(routes);
        const moved = move(routes, share);
        expect(JSON.stringify(routes)).toBe(before);
        if (share === 100) expect(namedSubsets(service(moved), target)).not.toContain('v1');
        for (const [index, changed] of moved.entries()) {
          const strangers = (one: HttpRoute) =>
            ratios(one)
              .filter(({ one: { destination: where } }) => where.host === 'other' || where.subset === 'v3')
              .map(({ ratio }) => ratio.toFixed(9));
          if ((changed.route ?? []).length > 1)
            expect(strangers(changed)).toEqual(strangers(routes[index] ?? {}));
        }
      }),
    );
  });

  it('says who gets how much of a route that is divided, in percent of all of it', () => {
    const tea = { destination: { host: 'tea' }, weight: 1 };
    const five = move([{ name: 'main', route: [to('v1', { weight: 1 }), tea] }, { route: [to('v1')] }], 5);
    expect(describeShares(five, target)).toEqual([
      `route "main--${marker}": v1 47.5 %, v2 2.5 %, tea 50 %`,
      `route "${marker}": v1 95 %, v2 5 %`,
    ]);
    expect(describeShares(move(five), target)).toEqual([`route "main--${marker}": v2 50 %, tea 50 %`]);
  });
});

describe('liveSubsets', () => {
  it('reads who serves from the route that takes everything else', () => {
    const routes = [{ match: [{ headers: {} }], route: [to('v2')] }, { route: [to('v1')] }];
    expect(liveSubsets(service(routes), target)).toEqual([{ subset: 'v1', weight: 100 }]);
  });

  it('reads a share, heaviest first, and forgets what has no weight', () => {
    const routes = [{ route: [to('v1', { weight: 10 }), to('v2', { weight: 90 }), to('v3', { weight: 0 })] }];
    expect(liveSubsets(service(routes), target)).toEqual([
      { subset: 'v2', weight: 90 },
      { subset: 'v1', weight: 10 },
    ]);
  });

  it('reads weights as the relative numbers they are, and two destinations of one version as one', () => {
    const tea = { destination: { host: 'tea' }, weight: 40 };
    const at = (subset: string, port: number, weight: number) => ({
      destination: { host: 'coffee-shop', subset, port: { number: port } },
      weight,
    });
    const even = service([
      { route: [at('v1', 80, 19), at('v2', 80, 1), at('v1', 81, 19), at('v2', 81, 1), tea] },
    ]);
    expect(liveSubsets(even, target)).toEqual([
      { subset: 'v1', weight: 95 },
      { subset: 'v2', weight: 5 },
    ]);
    expect(shareBetween(even, ['v1', 'v2'], target)).toBe(5);
    expect(liveSubsets(service([{ route: [at('v1', 80, 1), at('v1', 81, 1)] }]), target)).toEqual([
      { subset: 'v1', weight: 100 },
    ]);
    const rare = service([{ route: [to('v1', { weight: 1_000_000 }), to('v2', { weight: 1 })] }]);
    expect(liveSubsets(rare, target)).toEqual([
      { subset: 'v1', weight: 99.9 },
      { subset: 'v2', weight: 0.1 },
    ]);
  });

  it('reads an object as a real API server stored it', () => {
    const { items } = recordedFile<{ items: VirtualService[] }>('objects-live');
    const stored = items.find(({ kind }) => kind === 'VirtualService');
    expect(stored && liveSubsets(stored, { host, namespace: 'ze-mesh' })).toEqual([
      { subset: 'v1', weight: 100 },
    ]);
  });

  it('finds nobody where no route is ours', () => {
    expect(liveSubsets(service([{ route: [{ destination: { host: 'other' } }] }]), target)).toEqual([]);
    expect(liveSubsets({ metadata: { name: 'x' }, spec: {} }, target)).toEqual([]);
  });
});

describe('namedSubsets', () => {
  it('looks into mirrors, tcp and tls routes too', () => {
    const all = service([{ route: [to('v1')], mirror: to('v2').destination, mirrors: [to('v3')] }], {
      tcp: [{ route: [to('v4')] }],
      tls: [{ route: [to('v5')] }],
    });
    expect([...namedSubsets(all, target)].sort()).toEqual(['v1', 'v2', 'v3', 'v4', 'v5']);
  });
});
