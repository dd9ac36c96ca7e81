/**
 * After a switch the files that were written before it lead to nothing:
 * `render apply` refuses them, and `status` says what they have done.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundle } from '../../../../scripts/shared/bundle.ts';
import { bundleCommand, type Bundle } from '../../../../scripts/render/bundle.ts';
import type { VirtualService } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { settings, startQuickCoffee, type QuickCoffee } from '../../../matrix/switch/quick-coffee.ts';
import { root } from '../../../support/root.ts';

let coffee: QuickCoffee;
let render: Bundle;
let switchProgram: string;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'dead-routes-'));
  switchProgram = path.join(folder, 'switch.mjs');
  render = await bundleCommand();
  await bundle(path.join(root, 'scripts/switch/main.ts'), switchProgram);
  coffee = await startQuickCoffee();
}, 60_000);
afterAll(async () => {
  await coffee.close();
  render.remove();
  rmSync(folder, { recursive: true, force: true });
});

function run(
  program: string,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args, '--kubeconfig', coffee.playground.kubeconfig], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // No kubectl, wherever this runs.
    env: { ...process.env, PATH: path.dirname(process.execPath) },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

const apply = (...args: string[]) => run(render.program, 'apply', `${root}/istio/cluster.yaml`, ...args);
const subsetAndRoute = ['-i', 'subsets', '-i', 'route', '--var', 'retries=0'];
const order = async () => (await fetch(coffee.ordersUrl, { method: 'POST' })).status;
const revision = async () =>
  (await coffee.cluster.get<VirtualService>(resources.virtualServices, 'coffee-shop'))?.metadata
    .resourceVersion;

describe('the files of v1, once v2 serves', () => {
  it('are refused with who serves, whatever comes with them, and nothing is sent', async () => {
    // As they are they do no harm: v1 serves.
    expect(await apply(...subsetAndRoute)).toMatchObject({ code: 0 });
    expect(await coffee.switchTo('v2', settings)).toMatchObject({ ok: true, live: 'v2' });
    const before = await revision();
    for (const more of [[], ['-i', 'version', '-i', 'base']]) {
      const { code, stdout, stderr } = await apply(...subsetAndRoute, ...more);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(
        /^render: error: VirtualService coffee-shop would send requests to subset v1, and no pod of v1 is ready( yet)?: they would be answered 503 \(v2 serves now\)\. Nothing was sent\./,
      );
      expect(stderr).toContain('--force-dead-routes');
    }
    expect(await apply('-i', 'subsets', '--dry-run')).toMatchObject({ code: 2, stdout: '' });
    expect(await revision()).toBe(before);
    expect(await order()).toBe(200);
    expect(await apply(...subsetAndRoute, '--var', 'live=v2', '--var', 'subsets=v2')).toMatchObject({
      code: 0,
    });
    expect(await order()).toBe(200);
  }, 120_000);

  it('are sent by force, and then status says 503 and ends with 1', async () => {
    expect(await apply(...subsetAndRoute, '--force-dead-routes')).toMatchObject({ code: 0 });
    await waitFor(async () => (await order()) === 503, {
      deadlineMs: 10_000,
      what: 'the gateway to hear of it',
    });
    const words = await run(switchProgram, 'status');
    expect(words.code).toBe(1);
    expect(words.stdout.split('\n')).toEqual([
      'v1 gets all traffic of coffee-shop and answers 503',
      '   v2           1/1 pods ready, 0 % of the traffic, not in the DestinationRule',
      '   v1           0/0 pods ready, 100 % of the traffic, answers 503: no pod of it is ready',
      'The last switch, from v1 to v2, was finished.',
      'Apply a route and a subset that lead to a version with ready pods: v2.',
      '',
    ]);
    const json = await run(switchProgram, 'status', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      app: 'coffee-shop',
      live: [{ version: 'v1', weight: 100 }],
      versions: [
        { version: 'v2', share: 0, subset: null, ready: 1, replicas: 1, answers503: null },
        {
          version: 'v1',
          share: 100,
          subset: 'v1',
          ready: 0,
          replicas: 0,
          answers503: 'no pod of it is ready',
        },
      ],
      record: { from: 'v1', to: 'v2', phase: 'switched' },
    });
  }, 120_000);

  it('lead on with one apply of what has pods', async () => {
    expect(await apply(...subsetAndRoute, '--var', 'live=v2', '--var', 'subsets=v2')).toMatchObject({
      code: 0,
    });
    await waitFor(async () => (await order()) === 200, {
      deadlineMs: 10_000,
      what: 'the gateway to hear of it',
    });
    expect(await run(switchProgram, 'status')).toMatchObject({ code: 0 });
  }, 120_000);
});
