import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { liveVersion, only, other, sample, settings, standing, type QuickCoffee } from './quick-coffee.ts';
import { bundleSwitch, runUntil } from './killed-run.ts';
import { closeLanes, inLanes, openLanes } from './lanes.ts';
import { ways, type Way } from './ways.ts';

let lanes: QuickCoffee[] = [];
let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kill-matrix-'));
  program = await bundleSwitch(folder);
  lanes = await openLanes();
}, 120_000);
afterAll(async () => {
  await closeLanes(lanes);
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Kills the run at the point, has the next one go on or back, and
 * looks at what stands then. Whether it could be killed there.
 */
async function killAt(
  coffee: QuickCoffee,
  way: Way,
  point: string,
  next: 'resume' | 'undo',
): Promise<boolean> {
  const from = await liveVersion(coffee);
  const to = other(from);
  await way.prepare?.(coffee, { from, to });
  const { killed } = await runUntil(coffee, { program, to, told: way.told }, point);
  const result = await coffee.switchTo(to, { ...settings, ...way.told, undo: next === 'undo' });
  // Killed with all or nothing done, the dead one's Lease is all that is left; it runs out by itself.
  const nothing = result.outcome === 'already-there';
  const after = { ...(await standing(coffee)), ...(nothing ? { holder: undefined } : {}) };
  const serving = after.live[0] ?? '';
  const expected = next === 'resume' ? (way.finished?.({ from, to }) ?? only(to)) : only(serving);
  expect({ point, ...after }).toEqual({ point, ...expected });
  const why = result.error;
  if (next === 'resume')
    expect({ point, ok: result.ok, serving, why }).toEqual({ point, ok: true, serving: to, why: undefined });
  // Past the point of no return an undo finishes the switch instead, and says so.
  else if (serving === to) expect({ point, ok: result.ok }).toEqual({ point, ok: false });
  else expect({ point, ok: result.ok, serving, why }).toEqual({ point, ok: true, serving: from, why });
  expect({ point, said: result.message }).toEqual({
    point,
    said: expect.stringContaining(serving) as unknown,
  });
  await leaveOne(coffee, to);
  await way.verify?.(coffee, await liveVersion(coffee));
  return killed;
}

/** An old version that was kept takes the traffic back. */
async function leaveOne(coffee: QuickCoffee, to: string): Promise<void> {
  const { deployments } = await standing(coffee);
  if (deployments.length > 1)
    expect(await coffee.switchTo(to, { ...settings, undo: true })).toMatchObject({ ok: true });
  expect((await standing(coffee)).deployments).toHaveLength(1);
}

/** A run that nobody kills, under load; gives the points that it has passed. */
async function runOnce(coffee: QuickCoffee, way: Way): Promise<string[]> {
  let passed: string[] = [];
  await coffee.underLoad(
    async () => {
      const from = await liveVersion(coffee);
      const to = other(from);
      await way.prepare?.(coffee, { from, to });
      const { points, outcome } = await runUntil(coffee, { program, to, told: way.told });
      expect(outcome).toBe(way.outcome);
      passed = points;
      await leaveOne(coffee, to);
    },
    { qps: 50, connections: 10 },
  );
  return passed;
}

/** Every point of a way, found once by a run that nobody kills. */
const pointsOf = new Map<Way, string[]>();
async function enumerate(coffee: QuickCoffee, way: Way): Promise<string[]> {
  const known = pointsOf.get(way);
  if (known !== undefined) return known;
  // The first switch of a cluster makes the Lease, so it passes other points than all that follow: only the
  // second is counted.
  await runOnce(coffee, way);
  const found = await runOnce(coffee, way);
  pointsOf.set(way, found);
  return found;
}

describe.each(ways)('$name, killed (SIGKILL) after each call and each proof', (way) => {
  it.each(['resume', 'undo'] as const)(
    'ends with what was asked for and nothing left over, and loses nothing: %s',
    async (next) => {
      const [first] = lanes;
      if (first === undefined) throw new Error('no lane');
      const points = await enumerate(first, way);
      expect(points.length).toBeGreaterThan(way.told.undo === true ? 20 : 30);
      const chosen = sample(points, way.most, (point) => point, `${way.name}, killed, then ${next}`);
      const missed: string[] = [];
      const kill = async (coffee: QuickCoffee, point: string) => {
        if (!(await killAt(coffee, way, point, next))) missed.push(point);
      };
      await inLanes(lanes, chosen, kill, (point) => `${way.name}, ${point}, then ${next}`);
      const reached = `${chosen.length - missed.length} of ${chosen.length} points`;
      process.stderr.write(`${way.name}: killed at ${reached}, then ${next}\n`);
      // A point depends on chance only where polls meet (a write that came a poll earlier).
      expect(missed.length < Math.max(3, chosen.length * 0.2) ? [] : missed).toEqual([]);
    },
    3_600_000,
  );
});
