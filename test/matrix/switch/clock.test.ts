/**
 * An operator whose clock is an hour off: neither the Lease nor a
 * deadline may be read from another machine's time.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundle } from '../../../scripts/shared/bundle.ts';
import type { Lease } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import { root } from '../../support/cluster.ts';
import { only, settings, standing } from './quick-coffee.ts';
import { useWeather } from './weather.ts';

const weather = useWeather();
const HOUR_MS = 3_600_000;
let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'clock-matrix-'));
  program = path.join(folder, 'switch.mjs');
  await bundle(path.join(root, 'test/matrix/switch/switch-process.ts'), program);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The switch as a process whose clock is off; `onStep` hears of each step that is done. */
async function switchWithClock(
  offMs: number,
  onStep: (step: string, kill: () => void) => unknown = () => undefined,
): Promise<string | undefined> {
  const clock = `const real=Date,off=${offMs};globalThis.Date=class extends real{constructor(...given){if(given.length>0)super(...given);else super(real.now()+off)}static now(){return real.now()+off}};`;
  const child = spawn(
    process.execPath,
    [
      ...['--import', `data:text/javascript,${encodeURIComponent(clock)}`],
      ...[program, weather.coffee.playground.kubeconfig, `${root}/istio/cluster.yaml`, weather.to],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let outcome: string | undefined;
  const heard: Promise<unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, name = ''] = line.split(' ');
    if (what === 'end') outcome = name;
    else heard.push(Promise.resolve(onStep(name, () => child.kill('SIGKILL'))));
  });
  await new Promise((resolve) => child.once('close', resolve));
  await Promise.all(heard);
  return outcome;
}

async function skewOfLease(): Promise<number> {
  const lease = await weather.coffee.cluster.get<Lease>(resources.leases, 'switch-coffee-shop');
  return Date.parse(lease?.spec.renewTime ?? '') - Date.now();
}

describe.each([HOUR_MS, -HOUR_MS])('an operator whose clock is off by %i ms', (offMs) => {
  it('switches, keeps its Lease from others while it works, and loses nothing', async () => {
    const { coffee, from, to } = weather;
    let rival: Awaited<ReturnType<typeof coffee.switchTo>> | undefined;
    let skew = 0;
    const account = await coffee.underLoad(
      async () => {
        const outcome = await switchWithClock(offMs, async (step) => {
          if (step !== 'deploy-version') return;
          coffee.playground.freeze('gateway', { forMs: 5000 });
          skew = await skewOfLease();
          rival = await coffee.switchTo(to, settings);
        });
        expect(outcome).toBe('switched');
      },
      { qps: 50, connections: 10 },
    );
    // Its clock is off, or the test shows nothing.
    expect(Math.abs(skew - offMs)).toBeLessThan(60_000);
    expect(rival).toMatchObject({ ok: false, outcome: 'stopped', live: from });
    expect(rival?.error).toMatch(/ is switching coffee-shop right now; nothing was changed/);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(await standing(coffee)).toEqual(only(to));
  });

  it.each(['resume', 'undo'] as const)(
    'is killed: the next one, whose clock is right, waits out the Lease and can %s',
    async (next) => {
      const { coffee, from, to } = weather;
      let result: Awaited<ReturnType<typeof coffee.switchTo>> | undefined;
      const account = await coffee.underLoad(
        async () => {
          const outcome = await switchWithClock(offMs, (step, kill) => {
            if (step === 'add-subset') kill();
          });
          expect(outcome).toBeUndefined();
          result = await coffee.switchTo(to, { ...settings, undo: next === 'undo' });
        },
        { qps: 50, connections: 10 },
      );
      const live = next === 'resume' ? to : from;
      expect(result).toMatchObject({ ok: true, live });
      // By the dead one's clock it had run out an hour ago, or would in an hour; here it took its own second.
      expect(result?.durationMs).toBeLessThan(30_000);
      expect(account).toMatchObject({ lost: 0, byReason: {} });
      expect(await standing(coffee)).toEqual(only(live));
    },
  );
});
