import { describe, expect, it } from '@jest/globals';
import { decideAdoption } from '../../../../scripts/switch/adopt/decide-adoption.ts';
import type { State } from '../../../../scripts/switch/cluster-state/read-state.ts';
import { decide } from '../../../../scripts/switch/decide.ts';
import type { SwitchRecord } from '../../../../scripts/switch/lock/switch-record.ts';
import { deployment, plainDeployment, route, subset } from '../steps/standing.ts';
import { adopting, everyPod } from './plain-scene.ts';

const asV1 = { app: 'coffee-shop', to: 'v1', undo: false, adopt: true };
const adopts = {
  deployment: 'coffee-shop',
  hash: 'hash-of-coffee-shop',
  makes: { routes: true, subsets: true },
  annotations: {},
};
const record = (more: Partial<SwitchRecord> = {}): SwitchRecord => ({
  id: '0123abcd',
  from: 'plain',
  to: 'v1',
  phase: 'running',
  startedAt: '2026-12-01T12:00:00.000Z',
  adopts,
  ...more,
});
const stateOf = async (...scene: Parameters<typeof adopting>): Promise<State> =>
  (await adopting(...scene)).state;

describe('what an adoption does', () => {
  it.each([
    ['has no routes', {}],
    ['has routes to every pod', { routes: [everyPod] }],
    ['has a DestinationRule without subsets', { subsets: [] }],
  ])('it begins where the service %s', async (_what, scene) => {
    const decision = decideAdoption(await stateOf(scene), asV1);
    expect(decision).toEqual({ kind: 'switch', from: 'plain', to: 'v1', record: undefined });
  });

  it('it goes on with a killed run, and rolls it back', async () => {
    const state = { ...(await stateOf()), record: record() };
    const work = { from: 'plain', to: 'v1', record: record() };
    expect(decideAdoption(state, asV1)).toEqual({ kind: 'switch', ...work });
    expect(decideAdoption(state, { ...asV1, undo: true })).toEqual({ kind: 'undo', ...work });
  });

  it('it does nothing where the version serves already', async () => {
    const state = await stateOf({
      subsets: [subset('v1')],
      routes: [route('v1')],
      deployments: [deployment('v1')],
    });
    expect(decideAdoption(state, asV1)).toMatchObject({ kind: 'nothing', live: 'v1' });
    expect(decideAdoption(state, { ...asV1, undo: true })).toMatchObject({ kind: 'nothing' });
    const over = { ...state, record: record({ phase: 'switched' }) };
    expect(decideAdoption(over, { ...asV1, undo: true })).toMatchObject({
      kind: 'refuse',
      message: expect.stringMatching(/nothing to undo: v1 serves .* is gone\.$/) as unknown,
    });
  });

  const halves = ['v7', 'v8'].map((name) => ({
    destination: { host: 'coffee-shop', subset: name },
    weight: 50,
  }));
  const divided = { name: 'main', route: halves };
  const twice = { ...plainDeployment(), metadata: { name: 'coffee-shop-too', uid: 'uid-too' } };
  it.each([
    ['of another version', { routes: [route('v7')] }, /is a service of versions already: .* leads to v7/],
    ['of two versions', { routes: [divided] }, /gives the traffic of coffee-shop to v7 50 %, v8 50 %/],
    ['of no pods', { deployments: [plainDeployment(0)] }, /Deployment coffee-shop has no pods/],
    ['of no Deployment', { deployments: [] }, /selects no Deployment's pods/],
    [
      'of two Deployments',
      { deployments: [plainDeployment(), twice] },
      /more than one Deployment: coffee-shop and/,
    ],
    [
      'that are versions by their label',
      { deployments: [plainDeployment(), deployment('v3')] },
      /versions by their label: of Deployment coffee-shop-v3 \(v3\)/,
    ],
  ])('it refuses pods %s', async (_what, scene, why) => {
    const decision = decideAdoption(await stateOf(scene), asV1);
    expect(decision).toMatchObject({ kind: 'refuse', message: expect.stringMatching(why) as unknown });
  });

  it('it refuses pods of two templates: which of them are copied cannot be told', async () => {
    const state = await stateOf();
    const plain = { ...state.plain, hashes: ['a', 'b'] } as NonNullable<State['plain']>;
    expect(decideAdoption({ ...state, plain }, asV1)).toMatchObject({
      kind: 'refuse',
      message: expect.stringMatching(/not all of one template .* Nothing was changed\.$/) as unknown,
    });
  });

  it('it has a name, and not that of the plain pods', async () => {
    const state = await stateOf();
    expect(() => decideAdoption(state, { ...asV1, to: undefined })).toThrow(/--as VERSION is missing/);
    expect(() => decideAdoption(state, { ...asV1, to: 'plain' })).toThrow(/choose another name/);
  });

  it.each([
    ['an adoption as another version', record({ to: 'v2' }), /adopt --as v2 .*adopt --as v2 --undo$/],
    ['a switch', record({ from: 'v1', to: 'v2', adopts: undefined }), /-- --to v2 .*-- --to v2 --undo$/],
  ])('it refuses while %s is half done, and says how to go on', async (_what, last, how) => {
    const state = { ...(await stateOf()), record: last };
    expect(decideAdoption(state, asV1)).toMatchObject({
      kind: 'refuse',
      message: expect.stringMatching(how) as unknown,
    });
  });

  it.each([false, true])(
    'no switch goes on with it by templates, or takes it back: undo %s',
    async (undo) => {
      const state = { ...(await stateOf()), record: record() };
      expect(decide(state, { app: 'coffee-shop', to: 'v1', undo })).toMatchObject({
        kind: 'refuse',
        message: expect.stringMatching(
          /adoption of coffee-shop as v1 is half done .*adopt --as v1 --undo$/,
        ) as unknown,
      });
    },
  );
});
