import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundle } from '../../../scripts/playground/kubelet/bundle.ts';
import { root } from '../../support/coffee-cluster.ts';
import {
  callOf,
  isWrite,
  liveVersion,
  only,
  other,
  sample,
  settings,
  standing,
  type QuickCoffee,
} from './quick-coffee.ts';
import { closeLanes, inLanes, openLanes } from './lanes.ts';

let lanes: QuickCoffee[] = [];
let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kill-matrix-'));
  program = path.join(folder, 'switch.mjs');
  await bundle(path.join(root, 'test/matrix/switch/switch-process.ts'), program);
  lanes = await openLanes();
}, 120_000);
afterAll(async () => {
  await closeLanes(lanes);
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  /** Each point passed: after so many writes, this call or this proof. */
  points: string[];
  killed: boolean;
  outcome: string | undefined;
}

/** Runs the switch as a process and kills it as soon as it has passed the point. */
async function runUntil(coffee: QuickCoffee, to: string, point?: string): Promise<Run> {
  const child = spawn(
    process.execPath,
    [program, coffee.playground.kubeconfig, path.join(root, 'istio/cluster.yaml'), to],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const run: Run = { points: [], killed: false, outcome: undefined };
  let writes = 0;
  const passed = (what: string): boolean => {
    const here = `after write ${writes}: ${what}`;
    if (!run.points.includes(here)) run.points.push(here);
    return here === point && !run.killed;
  };
  const kill = () => {
    run.killed = true;
    child.kill('SIGKILL');
  };
  coffee.onRequest = (asked) => {
    const call = callOf(asked);
    if (!isWrite(asked)) {
      // What a read answers changes nothing: killed while it is answered is killed after it.
      if (passed(call)) kill();
      return undefined;
    }
    // The Lease is renewed at any time; only its first write and those of the record are points in the sequence.
    if (asked.target?.plural !== 'leases' || !seen.has(`${writes} ${call}`)) {
      seen.add(`${writes} ${call}`);
      if (asked.target?.plural !== 'leases') writes += 1;
      if (passed(call)) {
        // Carried out, and then nobody is there to hear the answer.
        asked.raw.socket.once('close', kill);
        return { resetAfter: true };
      }
    }
    return undefined;
  };
  const seen = new Set<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, name] = line.split(' ');
    if (what === 'end') run.outcome = name;
    else if (passed(`proof of ${name ?? ''}`)) kill();
  });
  await new Promise((resolve) => child.once('close', resolve));
  coffee.onRequest = undefined;
  return run;
}

/** Kills the switch at the point, has the next run go on or back, and looks at what stands then. Whether it could be killed there. */
async function killAt(coffee: QuickCoffee, point: string, next: 'resume' | 'undo'): Promise<boolean> {
  const live = await liveVersion(coffee);
  const to = other(live);
  const { killed } = await runUntil(coffee, to, point);
  const result = await coffee.switchTo(to, { ...settings, undo: next === 'undo' });
  // Killed with all or nothing done, the dead one's Lease is all that is left; it runs out by itself.
  const nothing = result.outcome === 'already-there';
  const after = { ...(await standing(coffee)), ...(nothing ? { holder: undefined } : {}) };
  const serving = after.live[0] ?? '';
  expect({ point, ...after }).toEqual({ point, ...only(serving) });
  const why = result.error;
  if (next === 'resume')
    expect({ point, ok: result.ok, serving, why }).toEqual({ point, ok: true, serving: to, why: undefined });
  // Past the point of no return an undo finishes the switch instead, and says so.
  else if (serving === to) expect({ point, ok: result.ok }).toEqual({ point, ok: false });
  else expect({ point, ok: result.ok, serving, why }).toEqual({ point, ok: true, serving: live, why });
  expect({ point, said: result.message }).toEqual({
    point,
    said: expect.stringContaining(serving) as unknown,
  });
  return killed;
}

describe.each(['resume', 'undo'] as const)(
  'a switch killed (SIGKILL) after each call and each proof, then %s',
  (next) => {
    it('ends with one version and nothing left over, and loses nothing', async () => {
      const [first] = lanes;
      if (first === undefined) throw new Error('no lane');
      const { points, outcome } = await runUntil(first, other(await liveVersion(first)));
      expect(outcome).toBe('switched');
      expect(points.length).toBeGreaterThan(30);
      const chosen = sample(points, 14, (point) => point, `killed, then ${next}`);
      let killed = 0;
      const kill = async (coffee: QuickCoffee, point: string) => {
        if (await killAt(coffee, point, next)) killed += 1;
      };
      await inLanes(lanes, chosen, kill, (point) => point);
      process.stderr.write(`killed at ${killed} of ${chosen.length} points, then ${next}\n`);
      // A point depends on chance only where polls meet (a write that came a poll earlier).
      expect(killed).toBeGreaterThan(chosen.length * 0.8);
    }, 3_600_000);
  },
);
