import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createRecentSlots } from '../../../../scripts/demo/live/recent-slots.ts';
import { followJournal } from '../../../../scripts/demo/live/stage/follow-journal.ts';
import { createLog } from '../../../../scripts/demo/live/stage/log.ts';
import { act, type StagePanel } from '../../../../scripts/demo/live/stage/panel.ts';
import { readStanding } from '../../../../scripts/demo/live/stage/standing.ts';
import { createStepLanes } from '../../../../scripts/demo/live/stage/step-lanes.ts';
import type { Deployment, Lease, VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { ANNOTATION } from '../../../../scripts/switch/lock/switch-record.ts';

describe('what the stage keeps', () => {
  it('is the last two minutes of requests, however long the load lasts', () => {
    const slots = createRecentSlots(120_000);
    for (let atMs = 0; atMs < 3_600_000; atMs += 100) slots.add([{ atMs, ok: { v1: 50 }, lost: {} }], 500);
    expect(slots.slots()).toHaveLength(1_201);
    expect(slots.slots().at(-1)).toEqual({ atMs: 3_600_400, ok: { v1: 50 }, lost: {} });
  });

  it('adds what ends late to the slot in which it was due', () => {
    const slots = createRecentSlots(1_000);
    slots.add([{ atMs: 0, ok: { v1: 1 }, lost: {} }]);
    slots.add([{ atMs: 900, ok: { v1: 1 }, lost: {} }]);
    slots.add([{ atMs: 0, ok: { v2: 1 }, lost: { timeout: 2 } }]);
    expect(slots.slots()[0]).toEqual({ atMs: 0, ok: { v1: 1, v2: 1 }, lost: { timeout: 2 } });
  });

  it('is the last sixty events, and one line for what counts down', () => {
    const log = createLog(() => 7);
    for (let left = 15; left > 0; left -= 1) log.note(`waiting ${left} s`);
    expect(log.events().map(({ text }) => text)).toEqual(['waiting 1 s']);
    for (let n = 0; n < 1_000; n += 1) log.note(`pressed ${n}`, 'act');
    expect(log.events()).toHaveLength(60);
    expect(log.events().at(-1)).toEqual({ id: 1_001, atMs: 7, text: 'pressed 999', tone: 'act' });
  });
});

describe('an action of the stage', () => {
  const done: Record<string, string>[] = [];
  const panels: StagePanel[] = [
    {
      ...{ id: 'p', title: 'P' },
      fields: [
        { id: 'who', label: 'Who', choices: [{ value: 'gateway', label: 'gateway' }], value: 'gateway' },
        { id: 'n', label: 'Rate', min: 10, max: 1_000, step: 10, unit: 'per second', value: '500' },
      ],
      actions: [
        { id: 'go', label: 'Go', does: 'goes', run: (fields) => void done.push(fields) },
        { id: 'no', label: 'No', does: 'goes', cannot: 'it is too late', run: () => void done.push({}) },
      ],
    },
  ];

  it('gets the fields of its panel, and nothing else', async () => {
    await act(panels, { action: 'go', fields: { who: 'gateway', n: '10', more: 'x' } });
    expect(done).toEqual([{ who: 'gateway', n: '10' }]);
  });

  it.each([
    ['that does not exist', 'constructor', {}, 'There is no action "constructor".'],
    ['that cannot act now', 'no', {}, 'it is too late'],
    [
      'with a name that is not offered',
      'go',
      { who: '/etc', n: '10' },
      'Who: there is no "/etc" (any more).',
    ],
    ['with a field of every object', 'go', { n: '10' }, 'Who: there is no "" (any more).'],
    ['above the bound', 'go', { who: 'gateway', n: '1001' }, 'Rate must be a whole number from 10 to 1000'],
    ['below the bound', 'go', { who: 'gateway', n: '9' }, 'Rate must be a whole number from 10 to 1000'],
    ['with no number', 'go', { who: 'gateway', n: '1e3' }, 'Rate must be a whole number from 10 to 1000'],
  ])('%s is refused', async (_what, action, fields: Record<string, string>, reason) => {
    done.length = 0;
    await expect(act(panels, { action, fields })).rejects.toThrow(reason);
    expect(done).toEqual([]);
  });
});

describe('how the app stands', () => {
  const deployment = (name: string, version: string, naive = false): Deployment => ({
    metadata: { name },
    spec: {
      selector: {},
      template: {
        metadata: { labels: { version }, annotations: { 'sidecar.istio.io/nativeSidecar': 'false' } },
        spec: { containers: [{ name: 'app', env: naive ? [{ name: 'SHUTDOWN', value: 'naive' }] : [] }] },
      },
    },
  });
  const routes = (...subsets: [string, number][]): VirtualService => ({
    metadata: { name: 'coffee-shop' },
    spec: {
      http: [
        {
          route: subsets.map(([subset, weight]) => ({
            destination: { host: 'coffee-shop', subset },
            weight,
          })),
        },
      ],
    },
  });

  it('is one Deployment for all versions, or one for each', () => {
    expect(readStanding([deployment('coffee-shop', 'v2', true)], undefined, undefined)).toEqual({
      ...{ layout: 'rolling', pod: 'naive', sidecar: 'classic', live: 'v2', halfDone: undefined },
    });
    const both = [deployment('coffee-shop-v1', 'v1'), deployment('coffee-shop-v2', 'v2', true)];
    expect(readStanding(both, routes(['v2', 100]), undefined)).toMatchObject({
      ...{ layout: 'versions', pod: 'naive', live: 'v2' },
    });
    expect(readStanding(both, routes(['v1', 95], ['v2', 5]), undefined).live).toBeUndefined();
    expect(readStanding([], undefined, undefined).layout).toBe('none');
  });

  it.each([
    ['running', { from: 'v1', to: 'v2' }],
    ['undoing', { from: 'v1', to: 'v2' }],
    ['switched', undefined],
  ])('is half done while the record of the switch says %s', (phase, halfDone) => {
    const record = JSON.stringify({ id: 'a', from: 'v1', to: 'v2', phase, startedAt: '' });
    const lease: Lease = { metadata: { name: 'x', annotations: { [ANNOTATION]: record } }, spec: {} };
    expect(readStanding([], undefined, lease).halfDone).toEqual(halfDone);
  });
});

describe('the steps of a release', () => {
  it('continue their lane when a second run does them again', () => {
    let now = 0;
    const steps = createStepLanes(() => now);
    steps.begin('Preflight');
    steps.end('fine', { atMs: 10 });
    steps.begin('Deploy', 10);
    steps.progress('1/2');
    expect(steps.current()).toBe('Deploy: 1/2');
    now = 30;
    steps.cut('killed');
    steps.begin('Preflight', 40);
    now = 50;
    const lanes = steps
      .lanes()
      .map(({ name, segments }) => [name, segments.map((one) => [one.fromMs, one.toMs, one.label])]);
    expect(lanes).toEqual([
      [
        'Preflight',
        [
          [0, 10, 'fine'],
          [40, 50, ''],
        ],
      ],
      ['Deploy', [[10, 30, 'killed']]],
    ]);
  });
});

describe('a journal that is followed', () => {
  it('is told line by line, the last one too, when a line comes in pieces or was cut by a full disk', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'journal-test-'));
    try {
      const file = path.join(folder, 'journal');
      const told: string[] = [];
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const following = followJournal(file, ({ text = '' }) => told.push(text), ended);
      await appendFile(file, '{"event":"note","text":"one"}\n{"event":"no');
      await waitFor(() => told.length === 1, { deadlineMs: 10_000, what: 'the first line' });
      await appendFile(file, 'te","text":"two"}\n{"event":"no\n{"event":"end","text":"three"}\n');
      end();
      await following;
      expect(told).toEqual(['one', 'two', 'three']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
