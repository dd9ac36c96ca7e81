import { describe, expect, it } from '@jest/globals';
import { perform } from '../../../../scripts/switch/perform.ts';
import type { RouteId } from '../../../../scripts/switch/routing/traffic-routing.ts';
import { shiftTraffic } from '../../../../scripts/switch/steps/shift-traffic.ts';
import { restoreNames, restoreNamesBack } from '../../../../scripts/switch/steps/restore-names.ts';
import { changesOf, deployment, named, route, standing, subset, type Scene } from './standing.ts';

const MARKER = 'switch-v1-to-v2-0123abcd';
const both = [subset('v1'), subset('v2')];
const deployed = [deployment('v1'), deployment('v2')];
const unnamed = (version: string) => ({ route: route(version).route });
const world = (routes: object[], more: Scene = {}) =>
  standing({ subsets: both, deployments: deployed, routes, ...more });
/** As a killed run left it. */
const begun = (routes: object[], remembered: RouteId[]) =>
  world(routes, { before: { deployment: false, subset: false }, remembered });

describe('the step restore-names', () => {
  it('gives each route that the switch has marked its author’s name again, or none, and no other', async () => {
    const theirs = { ...route('v2'), name: 'theirs--switch-v1-to-v2-ffffffff' };
    const { context, log } = await world([
      { ...route('v2'), name: `main--${MARKER}` },
      { ...route('v2'), name: MARKER },
      theirs,
    ]);
    const next = await perform(context, restoreNames);
    expect(log).toEqual(['patch VirtualService coffee-shop', 'prove B']);
    const [routes] = next.lastSeen.objects;
    expect(routes?.object['spec']).toMatchObject({ http: [route('v2'), unnamed('v2'), theirs] });
    expect((routes?.object['spec'] as { http: object[] }).http[1]).not.toHaveProperty('name');
  });

  it('does so after a roll back too, and asks for a proof even where there is nothing to write', async () => {
    const { context, log } = await world([{ ...route('v1'), name: 'main--switch-v2-to-v1-0123abcd' }]);
    expect(await changesOf(restoreNamesBack, context)).toEqual([
      'VirtualService coffee-shop',
      '- - name: main--switch-v2-to-v1-0123abcd',
      '+ - name: main',
      '    route:',
    ]);
    const next = await perform(context, restoreNamesBack);
    await perform(next, restoreNamesBack);
    expect(log).toEqual(['patch VirtualService coffee-shop', 'prove B', 'prove B']);
  });

  it.each([
    ['a switch', restoreNames, MARKER],
    ['a roll back', restoreNamesBack, 'switch-v2-to-v1-0123abcd-r2'],
  ])('gives back the weights of the author at the end of %s with a canary', async (_what, step, marker) => {
    const shared = (...weights: (number | undefined)[]) =>
      [...route('v2').route, { destination: { host: 'tea' } }, { destination: { host: 'milk' } }].map(
        (one, index) => (weights[index] === undefined ? one : { ...one, weight: weights[index] }),
      );
    const other = { name: `other--${marker}`, route: shared(3, 1) };
    const { context } = await begun(
      [{ name: `main--${marker}`, route: shared(3, 1) }, other],
      [
        { index: 0, name: 'main', weights: [30, 10, null] },
        { index: 1, name: 'other', weights: [30, 11, null] },
      ],
    );
    const next = await perform(context, step);
    const [routes] = next.lastSeen.objects;
    // What is in another ratio now somebody else has written.
    expect((routes?.object['spec'] as { http: object[] }).http).toEqual([
      { name: 'main', route: shared(30, 10) },
      { ...other, name: 'other' },
    ]);
  });
});

describe('the weight of an only destination', () => {
  it('is remembered where its author wrote one, and comes back after a share has taken it', async () => {
    const [only] = route('v1').route;
    const main = { name: 'main', route: [{ ...only, weight: 100 }] };
    const { context: before } = await world([main, { ...route('v1'), name: 'other' }]);
    const remembered = before.lastSeen.routesOf('v1');
    expect(remembered).toEqual([
      { index: 0, name: 'main', weights: [100] },
      { index: 1, name: 'other' },
    ]);
    const marked = (name: string) => ({ ...route('v1'), name: `${name}--switch-v2-to-v1-0123abcd` });
    const { context } = await begun([marked('main'), marked('other')], remembered);
    const next = await perform(context, restoreNamesBack);
    const [routes] = next.lastSeen.objects;
    expect((routes?.object['spec'] as { http: object[] }).http).toEqual([
      main,
      { ...route('v1'), name: 'other' },
    ]);
  });
});

describe('a switch whose routes have their own names again', () => {
  const main = { index: 0, name: 'main' };

  it('is undone by what its record remembers of them; a route of somebody else’s stays', async () => {
    const theirs = { ...route('v2'), name: 'theirs' };
    const { context } = await begun([route('v2'), theirs], [main]);
    const next = await perform(context, named(shiftTraffic.undo));
    const [routes] = next.lastSeen.objects;
    expect(routes?.object['spec']).toMatchObject({
      http: [{ ...route('v1'), name: 'main--switch-v2-to-v1-0123abcd-r2' }, theirs],
    });
  });

  it('knows routes of the same name, or of none, by their places', async () => {
    const { context } = await begun([unnamed('v2'), unnamed('v2')], [{ index: 1, name: '' }]);
    const next = await perform(context, named(shiftTraffic.undo));
    expect([next.lastSeen.routesOf('v2'), next.lastSeen.routesOf('v1')]).toEqual([
      [{ index: 0, name: '' }],
      [{ index: 1, name: '' }],
    ]);
  });

  it('marks them again when it is continued: what is proven is this revision', async () => {
    const { context, log } = await begun([route('v2')], [main]);
    expect(await changesOf(shiftTraffic, context)).toEqual([
      'VirtualService coffee-shop',
      '- - name: main',
      `+ - name: main--${MARKER}-r2`,
      '    route:',
    ]);
    await perform(context, shiftTraffic);
    expect(log).toEqual(['patch VirtualService coffee-shop', 'prove B, beginning C v1']);
  });

  it('leaves a route alone that names neither version any more', async () => {
    const { context } = await begun([route('v9')], [main]);
    expect(await changesOf(shiftTraffic, context)).toEqual([]);
  });
});
