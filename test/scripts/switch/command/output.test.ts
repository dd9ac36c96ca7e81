import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../../scripts/shared/clock.ts';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../../../scripts/shared/kubernetes.ts';
import { recordEvent } from '../../../../scripts/switch/command/events.ts';
import { combineReporters } from '../../../../scripts/switch/command/combine-reporters.ts';
import { createJournal } from '../../../../scripts/switch/command/journal.ts';
import { createTerminalReporter, silentReporter } from '../../../../scripts/switch/command/reporter.ts';
import { createId } from '../../../../scripts/shared/create-id.ts';
import { createVirtualServiceRouting } from '../../../../scripts/switch/routing/virtual-service/virtual-service-routing.ts';
import { planSwitch, planUndo } from '../../../../scripts/switch/plan.ts';
import type { NamedPart } from '../../../../scripts/switch/step.ts';
import type { SwitchContext } from '../../../../scripts/switch/context.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'switch-output-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the journal', () => {
  it('the journal has a line for every event, written at once, after those of earlier runs', () => {
    const file = path.join(folder, 'journal.jsonl');
    const clock = () => new Date('2026-11-23T12:00:00Z');
    const first = createJournal(file, clock);
    first.begin('Switching');
    const lines = () =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines()).toEqual([{ time: '2026-11-23T12:00:00.000Z', event: 'begin', text: 'Switching' }]);
    const second = createJournal(file, clock);
    second.stepStarted('Add subset v2', 'add-subset');
    second.progress('1/2 proxies');
    second.stepDone('2 proxies', { durationMs: 340, requests: 7 });
    second.end('v2 serves all traffic');
    expect(lines().map(({ event, step }) => [event, step])).toEqual([
      ['begin', undefined],
      ['step', 'add-subset'],
      ['progress', 'add-subset'],
      ['done', 'add-subset'],
      ['end', undefined],
    ]);
    expect(lines()[3]).toMatchObject({ detail: '2 proxies', durationMs: 340, requests: 7 });
  });

  it('a journal is wrong usage where nothing can be written', () => {
    expect(() => createJournal(path.join(folder, 'no/such/folder'))).toThrow('--journal: ');
    expect(() => createJournal(folder)).toThrow('EISDIR');
  });

  it('the journal does not wait for somebody to read a pipe', () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(() => createJournal(pipe)).toThrow(`--journal: ${pipe} cannot be written: ENXIO`);
  });

  it('the journal hears the same as the terminal', () => {
    const heard: string[] = [];
    const listener = { ...silentReporter, note: (text: string) => void heard.push(text) };
    combineReporters(listener, listener).note('once');
    expect(heard).toEqual(['once', 'once']);
  });
});

describe('several listeners', () => {
  it('several listeners go on when one of them fails: the others hear of that once', () => {
    const said: string[] = [];
    const journal = createJournal('/dev/full');
    const terminal = { ...silentReporter, note: (text: string) => void said.push(text) };
    const both = combineReporters(terminal, journal);
    both.begin('Switching');
    both.note('a note');
    both.end('v2 serves all traffic');
    expect(said).toEqual([
      '--journal: /dev/full misses lines from here on: ENOSPC: no space left on device, write',
      'a note',
    ]);
    expect(() => combineReporters(journal).end('over')).not.toThrow();
  });
});

describe('progress off a terminal', () => {
  const run = (isTTY: boolean) => {
    let written = '';
    let at = 0;
    const output = { write: (text: string) => (written += text), isTTY, hasColors: () => false };
    const reporter = createTerminalReporter(output, () => at);
    reporter.stepStarted('Add subset v2', 'add-subset');
    for (at = 0; at <= 21_000; at += 1000) reporter.progress(`seen at ${at / 1000} s`);
    reporter.stepDone('5 proxies', { durationMs: 21_340 });
    reporter.end('over');
    return written;
  };

  it('progress off a terminal is a line every ten seconds of a step that takes its time', () => {
    expect(run(false).split('\n')).toEqual([
      ' … Add subset v2: seen at 10 s',
      ' … Add subset v2: seen at 20 s',
      ' ✓ Add subset v2                 5 proxies (21 s)',
      'over',
      '',
    ]);
  });

  it('progress stays in the spinner on a terminal', () => {
    expect(run(true)).not.toContain('…');
  });
});

const parts: NamedPart[] = [...planSwitch({ canary: [5] }), ...planUndo()];
function partNamed(wanted: string): NamedPart {
  const found = parts.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no step is named ${wanted}`);
  return found;
}

describe('Kubernetes Events', () => {
  const contextWith = (created: KubernetesObject[] | Error, options: object = { events: true }) =>
    ({
      options,
      cluster: {
        list: () => Promise.resolve([{ metadata: { name: 'coffee-shop-v2', uid: 'deployment-uid' } }]),
        create: (object: KubernetesObject) => {
          if (created instanceof Error) return Promise.reject(created);
          created.push(object);
          return Promise.resolve(object);
        },
      } as unknown as Cluster,
      clock: systemClock,
      createId,
      namespace: 'shop',
      app: 'coffee-shop',
      from: 'v1',
      to: 'v2',
      deployments: { from: 'coffee-shop-v1', to: 'coffee-shop-v2' },
      lastSeen: createVirtualServiceRouting(
        {
          virtualService: { metadata: { name: 'coffee-shop', uid: 'route-uid' }, spec: {} },
          roots: [],
          destinationRule: {
            metadata: { name: 'coffee-shop', uid: 'rule-uid' },
            spec: { host: 'coffee-shop' },
          },
        },
        { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' },
      ),
    }) as unknown as SwitchContext;
  const event = (step: string, ok = true) => ({
    part: partNamed(step),
    title: 'A step',
    detail: 'what is true now',
    ok,
  });

  it('Kubernetes Events stand on the object that the step is about', async () => {
    const created: KubernetesObject[] = [];
    const steps = ['deploy-version', 'add-subset', 'canary-5', 'shift-traffic', 'delete-old'];
    for (const step of steps) await recordEvent(contextWith(created), event(step));
    await recordEvent(contextWith(created), event('undo-shift-traffic', false));
    expect(created.map((object) => (object['involvedObject'] as { uid: string }).uid)).toEqual([
      'deployment-uid',
      'rule-uid',
      'route-uid',
      'route-uid',
      'route-uid',
      'route-uid',
    ]);
    expect(created[0]).toMatchObject({
      kind: 'Event',
      type: 'Normal',
      reason: 'SwitchStepDone',
      message: 'v1 to v2: A step: what is true now',
    });
    expect(created.at(-1)).toMatchObject({ type: 'Warning', reason: 'SwitchStepFailed' });
  });

  it('no Kubernetes Event is written by preflight, by a dry run, or when nobody asked', async () => {
    const created: KubernetesObject[] = [];
    await recordEvent(contextWith(created), event('preflight'));
    await recordEvent(contextWith(created, { events: true, dryRun: true }), event('shift-traffic'));
    await recordEvent(contextWith(created, {}), event('shift-traffic'));
    expect(created).toEqual([]);
  });

  it('Kubernetes Events never stop a switch', async () => {
    await expect(recordEvent(contextWith(new Error('no')), event('shift-traffic'))).resolves.toBeUndefined();
  });
});
