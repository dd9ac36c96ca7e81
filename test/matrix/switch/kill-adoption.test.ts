/** A plain Deployment adopted by a process that dies after each of its calls and proofs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SwitchResult } from '../../../scripts/switch/index.ts';
import { quickDelays } from '../../support/cluster.ts';
import { quick, verifyEnd } from '../../support/killed-adoption.ts';
import { makePlainAgain, startPlainMeshShop, type PlainMeshShop } from '../../support/plain-mesh-shop.ts';
import { bundleSwitch, runUntil, type KilledRun, type Shop } from './killed-run.ts';
import { sample } from './quick-coffee.ts';

/** So many of its points are run by default. */
const MOST = 6;
const load = { qps: 50, connections: 10 };

let shop: PlainMeshShop & Shop;
let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kill-adoption-'));
  program = await bundleSwitch(folder);
  const hook: Pick<Shop, 'onRequest'> = { onRequest: undefined };
  const started = await startPlainMeshShop('naive', {
    replicas: 1,
    delays: quickDelays,
    faults: (asked) => hook.onRequest?.(asked),
  });
  shop = Object.assign(hook, started);
}, 120_000);
afterAll(async () => {
  await shop.close();
  rmSync(folder, { recursive: true, force: true });
});

const adoptUntil = (point?: string): Promise<KilledRun> =>
  runUntil(shop, { program, to: 'v1', told: { adopt: true } }, point);

/** Every point of an adoption, found once by a run that nobody kills. */
let known: string[] | undefined;
async function enumerate(): Promise<string[]> {
  if (known !== undefined) return known;
  const { points, outcome } = await adoptUntil();
  expect(outcome).toBe('switched');
  await makePlainAgain(shop);
  known = points;
  return points;
}

/** Whether it could be killed there. */
async function killAt(point: string, next: 'resume' | 'undo'): Promise<boolean> {
  const results: SwitchResult[] = [];
  let killed = false;
  const account = await shop.underLoad(async () => {
    ({ killed } = await adoptUntil(point));
    results.push(await shop.adopt({ ...quick, undo: next === 'undo' }));
  }, load);
  expect({ point, lost: account.lost, why: account.byReason }).toEqual({ point, lost: 0, why: {} });
  const [result] = results;
  if (result === undefined) throw new Error(`${point}: nobody went on`);
  await verifyEnd(shop, { point, next, result });
  return killed;
}

describe('an adoption, killed (SIGKILL) after each call and each proof', () => {
  it.each(['resume', 'undo'] as const)(
    'is adopted or as it was, as was asked for, and loses nothing: %s',
    async (next) => {
      const points = await enumerate();
      expect(points.length).toBeGreaterThan(30);
      const chosen = sample(points, MOST, (point) => point, `an adoption, killed, then ${next}`);
      const missed: string[] = [];
      for (const point of chosen) if (!(await killAt(point, next))) missed.push(point);
      const reached = `${chosen.length - missed.length} of ${chosen.length} points`;
      process.stderr.write(`an adoption: killed at ${reached}, then ${next}\n`);
      // A point depends on chance only where polls meet (a write that came a poll earlier).
      expect(missed.length < Math.max(3, chosen.length * 0.2) ? [] : missed).toEqual([]);
    },
    3_600_000,
  );
});
