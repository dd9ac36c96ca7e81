/**
 * `npm run switch` as a process against a playground: its exit code,
 * and what is on stdout and what on stderr.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundle } from '../../../../scripts/shared/bundle.ts';
import type { Deployment } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { only, standing, startQuickCoffee, type QuickCoffee } from '../../../matrix/switch/quick-coffee.ts';
import { root } from '../../../support/cluster.ts';

let coffee: QuickCoffee;
let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'switch-command-line-'));
  program = path.join(folder, 'switch.mjs');
  await bundle(path.join(root, 'scripts/switch/main.ts'), program);
  coffee = await startQuickCoffee();
}, 60_000);
afterAll(async () => {
  await coffee.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command against the playground. */
function run(...args: string[]): Promise<Ended> {
  return runWith({}, ...args);
}

function runWith(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  const flags = ['--kubeconfig', coffee.playground.kubeconfig, '--templates', templates];
  const child = spawn(process.execPath, [program, ...args, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
/** Written otherwise than the default, so that a suggested command names it. */
const templates = `${root}/k8s/../istio/cluster.yaml`;
/** What each version needs here. */
const values = ['--set', 'pod=naive', '--set', 'replicas=1'];
const lastLine = ({ stderr }: Ended) => stderr.trimEnd().split('\n').at(-1) ?? '';

describe('npm run switch in a pod', () => {
  it('npm run switch in a pod ends with a command that can be followed where its log is read', async () => {
    const ended = await runWith(
      { KUBERNETES_SERVICE_HOST: '10.0.0.1' },
      '--to',
      'v2',
      '--dry-run',
      ...values,
    );
    expect(ended.code).toBe(0);
    expect(lastLine(ended)).toBe(
      `Nothing was changed. To do it: npm run switch -- --to v2 --namespace default --templates ${templates} --set pod=naive --set replicas=1`,
    );
  }, 30_000);
});

describe('npm run switch -- status', () => {
  it('status says on stdout where things stand, in words and as one JSON document', async () => {
    const [words, json] = await Promise.all([run('status'), run('status', '--json')]);
    expect(words).toEqual({
      code: 0,
      stdout: 'v1 serves all traffic of coffee-shop\n   v1           1/1 pods ready, 100 % of the traffic\n',
      stderr: '',
    });
    expect({ ...json, stdout: JSON.parse(json.stdout) as unknown }).toEqual({
      code: 0,
      stdout: {
        app: 'coffee-shop',
        live: [{ version: 'v1', weight: 100 }],
        versions: [
          {
            ...{ version: 'v1', share: 100, subset: 'v1', ready: 1, replicas: 1 },
            ...{ deployed: true, answers503: null },
          },
        ],
        routes: { kind: 'VirtualService', name: 'coffee-shop' },
        record: null,
        unfinished: false,
        holder: null,
      },
      stderr: '',
    });
  }, 30_000);

  it('status gives a document with the error, and not one of a switch, where there is no such app', async () => {
    const { code, stdout, stderr } = await run('status', '--json', '--app', 'tea-house');
    const error = 'default has no Service, no VirtualService, no DestinationRule named tea-house';
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      app: 'tea-house',
      error: expect.stringContaining(error) as unknown,
    });
    expect(stderr).toMatch(new RegExp(`^${error}[^\\n]*\\n$`));
  }, 30_000);
});

describe('npm run switch -- --promote', () => {
  it('--promote says that there is nothing to promote, in words and as one JSON document', async () => {
    const [words, json] = await Promise.all([run('--promote'), run('--promote', '--json')]);
    const error = 'No switch of coffee-shop is under way; there is nothing to promote.';
    expect(words).toEqual({ code: 1, stdout: '', stderr: `${error}\n` });
    expect(json).toMatchObject({ code: 1, stderr: `${error}\n` });
    expect(JSON.parse(json.stdout)).toEqual({ app: 'coffee-shop', error });
  }, 30_000);
});

describe('npm run switch -- --to v2', () => {
  it('--dry-run prints each step with its changes and its proof, and writes nothing', async () => {
    const before = await standing(coffee);
    const { code, stdout, stderr } = await run('--to', 'v2', '--dry-run', ...values);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    const said = stderr.replaceAll(/switch-v1-to-v2-[0-9a-f]{8}/g, 'MARKER').split('\n');
    expect(said[0]).toMatch(/^Switching coffee-shop from v1 to v2 \(context .+\)$/);
    expect(said[1]).toMatch(
      /^ ✓ Preflight {21}v1 serves all traffic, v2 is not deployed; 2 proxies \(.*\) \([\d.]+ m?s\)$/,
    );
    const first = said.indexOf('   1. Deploy coffee-shop-v2');
    expect(said.slice(first + 1, first + 5)).toEqual([
      '      Deployment coffee-shop-v2',
      '      + apiVersion: apps/v1',
      '      + kind: Deployment',
      '      + metadata:',
    ]);
    expect(said.slice(said.indexOf('   2. Add subset v2') - 1)).toEqual([
      '      proof: rolled out, every pod ready, one request to each pod itself',
      '   2. Add subset v2',
      '      DestinationRule coffee-shop',
      '            version: v1',
      '      + - name: v2',
      '      +   labels:',
      '      +     version: v2',
      "      proof: A: at every proxy v2's cluster is active and its healthy endpoints are its ready pods",
      '   3. Send all traffic to v2',
      '      VirtualService coffee-shop',
      '      - - name: first-release',
      '      + - name: first-release--MARKER',
      '          retries:',
      '                host: coffee-shop',
      '      -         subset: v1',
      '      +         subset: v2',
      '                port:',
      '      proof: B: every proxy has this revision of the route, and none names v1',
      '   4. Wait until nobody uses v1',
      '      changes nothing',
      '      proof: C: at no proxy a request is active or begins on v1 for 1 s',
      '   5. Remove subset v1',
      '      DestinationRule coffee-shop',
      '      - - name: v1',
      '      -   labels:',
      '      -     version: v1',
      '        - name: v2',
      "      proof: A: at every proxy v2's cluster is active and its healthy endpoints are its ready pods; then v1's cluster is gone from every proxy",
      '   6. Delete coffee-shop-v1',
      '      - Deployment coffee-shop-v1 (1 pod)',
      "      proof: A: at every proxy v2's cluster is active and its healthy endpoints are its ready pods; then its pods are gone (the point of no return)",
      '   7. Restore the names of routes',
      '      VirtualService coffee-shop',
      '      - - name: first-release--MARKER',
      '      + - name: first-release',
      '          retries:',
      '      proof: B: every proxy has the routes under their own names, and none names v1',
      `Nothing was changed. To do it: npm run switch -- --to v2 --kubeconfig ${coffee.playground.kubeconfig} --templates ${templates} --set pod=naive --set replicas=1`,
      '',
    ]);
    expect(await standing(coffee)).toEqual(before);
  }, 30_000);

  it('--keep-failed leaves a version that does not become ready for a look at it', async () => {
    const { cluster } = coffee;
    const failing = ['--to', 'v2', '--image', 'no-such-thing:9', '--step-timeout', '2s', ...values];
    const kept = await run(...failing, '--keep-failed');
    expect(kept.code).toBe(1);
    expect(kept.stderr).toMatch(/\n ✓ Delete coffee-shop-v2 {9}v2 is left for a look at it \(/);
    expect(lastLine(kept)).toMatch(/^v1 still serves all traffic\. Once that is fixed: /);
    const left = await cluster.get<Deployment>(resources.deployments, 'coffee-shop-v2');
    expect(left?.spec.template.spec.containers[0]?.image).toBe('no-such-thing:9');
    expect(await standing(coffee)).toMatchObject({ live: ['v1'], unfinished: false, subsets: ['v1'] });
  }, 60_000);

  it('--json gives exactly one document, with every field that programs hold on to', async () => {
    // Over what was left: this run says what v2 must be.
    const done = await run('--to', 'v2', '--json', '--image', 'coffee-shop:1.0.0', ...values);
    expect(done.code).toBe(0);
    const result = JSON.parse(done.stdout) as Record<string, unknown> & { steps: unknown[] };
    expect(result).toMatchObject({
      app: 'coffee-shop',
      from: 'v1',
      to: 'v2',
      outcome: 'switched',
      live: 'v2',
      error: null,
    });
    expect(result['proxies']).toBeGreaterThanOrEqual(3);
    expect(result.steps.length).toBe(8);
    for (const step of result.steps) {
      expect(step).toEqual(
        expect.objectContaining({
          name: expect.any(String) as unknown,
          durationMs: expect.any(Number) as unknown,
          proxies: expect.any(Number) as unknown,
        }),
      );
      expect(Object.keys(step as object)).toEqual(expect.arrayContaining(['slowest', 'requests', 'detail']));
    }
    expect(done.stderr).toMatch(
      /\n {3}point of no return: coffee-shop-v1 is deleted now\n ✓ Delete coffee-shop-v1 /,
    );
    expect(lastLine(done)).toBe(result['message']);
    expect(await standing(coffee)).toEqual(only('v2'));

    // One that cannot even look has the same fields.
    const none = await run('--to', 'v2', '--json', '--app', 'tea-house');
    expect(none.code).toBe(1);
    const nothing = JSON.parse(none.stdout) as Record<string, unknown>;
    expect(nothing).toMatchObject({ app: 'tea-house', to: 'v2', outcome: 'stopped', live: null, steps: [] });
    expect(Object.keys(nothing).sort()).toEqual(Object.keys(result).sort());
  }, 60_000);
});

describe('npm run switch -- --undo', () => {
  it('--undo takes back the switch whose old version still stands, without being told which', async () => {
    const kept = await run('--to', 'v1', '--keep-old', ...values);
    expect(kept.code).toBe(0);
    const { code, stdout, stderr } = await run('--undo', '--json', ...values);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      from: 'v2',
      to: 'v1',
      outcome: 'undone',
      ok: true,
      live: 'v2',
    });
    expect(stderr).toMatch(/^Rolling back the switch of coffee-shop from v2 to v1 /);
    expect(await standing(coffee)).toEqual(only('v2'));
  }, 60_000);

  it('--undo says that nothing is to undo, and changes nothing', async () => {
    const ended = await run('--undo');
    expect(ended).toEqual({
      code: 0,
      stdout: '',
      stderr: 'There is nothing to undo: v2 serves all traffic of coffee-shop.\n',
    });
  }, 30_000);
});
