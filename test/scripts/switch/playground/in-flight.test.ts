/** Requests that are under way while a switch runs, and a switch that somebody stops. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundle } from '../../../../scripts/shared/bundle.ts';
import { type Pod } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { pause } from '../../../../scripts/shared/wait.ts';
import type { SwitchResult } from '../../../../scripts/switch/index.ts';
import { readStatus } from '../../../../scripts/switch/command/status.ts';
import {
  callOf,
  isWrite,
  liveVersion,
  only,
  other,
  settings,
  standing,
  startQuickCoffee,
  type QuickCoffee,
} from '../../../matrix/switch/quick-coffee.ts';
import { root } from '../../../support/cluster.ts';

let coffee: QuickCoffee;
beforeAll(async () => {
  coffee = await startQuickCoffee();
}, 60_000);
afterAll(() => coffee.close());

interface LongAnswer {
  status: number | undefined;
  version: unknown;
  complete: boolean;
  body: string;
}

/** One request; `send` writes its body and ends it. */
function ask(
  method: string,
  pathname: string,
  send: (request: http.ClientRequest) => unknown,
): Promise<LongAnswer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      new URL(pathname, coffee.ordersUrl),
      { method, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('error', reject).on('end', () =>
          resolve({
            status: response.statusCode,
            version: response.headers['x-version'],
            complete: response.complete,
            body,
          }),
        );
      },
    );
    request.on('error', reject);
    send(request);
  });
}

describe('what is under way when the traffic is shifted', () => {
  it('what is under way finishes on the old version: an answer streamed for 10 s, and an order that takes 10 s to arrive', async () => {
    const from = await liveVersion(coffee);
    const to = other(from);
    const streamed = ask('GET', '/coffee?brew=10s', (request) => request.end());
    const uploaded = ask('POST', '/orders', async (request) => {
      for (const letter of '{"drink":"latte"}'.padEnd(20)) {
        request.write(letter);
        await pause(500);
      }
      request.end();
    });
    const result = await coffee.switchTo(to, settings);
    expect(result).toMatchObject({ ok: true, live: to });
    // The old version was not removed before both had ended.
    const drained = result.steps.find(({ name }) => name === 'drain-old');
    expect(drained?.durationMs).toBeGreaterThan(4000);
    expect(await streamed).toMatchObject({ status: 200, version: from, complete: true });
    expect((await streamed).body.split('\n').length).toBeGreaterThanOrEqual(10);
    expect(await uploaded).toMatchObject({ version: from, complete: true });
    expect((await uploaded).status).toBeLessThan(300);
    expect(await standing(coffee)).toEqual(only(to));
  }, 60_000);
});

describe('--keep-old', () => {
  const podsOf = async (version: string) =>
    coffee.cluster.list<Pod>(resources.pods, { labelSelector: `app=coffee-shop,version=${version}` });
  const uids = async (version: string) => (await podsOf(version)).map(({ metadata }) => metadata.uid).sort();
  it.each(['--undo', '--to'])(
    '--keep-old leaves the old version ready, so that the way back by %s deploys nothing and loses nothing',
    async (way) => {
      const from = await liveVersion(coffee);
      const to = other(from);
      const written: string[] = [];
      let back: SwitchResult | undefined;
      const account = await coffee.underLoad(async () => {
        const there = await coffee.switchTo(to, { ...settings, keepOld: true });
        expect(there).toMatchObject({ ok: true, live: to });
        expect(there.message).toContain(`To roll back: npm run switch -- --to ${to} --undo`);
        expect(await standing(coffee)).toMatchObject({
          live: [to],
          subsets: ['v1', 'v2'],
          deployments: ['v1', 'v2'],
        });
        const before = await uids(from);
        coffee.onRequest = (asked) => {
          const name = asked.target?.name ?? '';
          if (isWrite(asked) && asked.target?.plural === 'deployments')
            written.push(`${callOf(asked)} ${name}`);
          return undefined;
        };
        const quick = { leaseSeconds: settings.leaseSeconds, quietMs: settings.quietMs };
        back =
          way === '--undo'
            ? await coffee.switchTo(to, { ...quick, undo: true })
            : await coffee.switchTo(from, quick);
        coffee.onRequest = undefined;
        expect(await uids(from)).toEqual(before);
      });
      const outcome = way === '--undo' ? 'undone' : 'switched';
      expect({ ...back, why: back?.error }).toMatchObject({ ok: true, outcome, live: from, why: undefined });
      // What there is to do is to forget the one that is left.
      expect(written).toEqual([`DELETE deployments coffee-shop-${to}`]);
      expect(account).toMatchObject({ lost: 0, byReason: {} });
      expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
      expect(await standing(coffee)).toEqual(only(from));
    },
    60_000,
  );
});

describe('npm run switch, stopped by SIGINT in the middle', () => {
  let folder: string;
  let program: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'switch-sigint-'));
    program = path.join(folder, 'switch.mjs');
    await bundle(path.join(root, 'scripts/switch/main.ts'), program);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs the command; with `stopAfter` it gets a SIGINT when it has said that. */
  function run(to: string, stopAfter?: string): Promise<{ code: number | null; lines: string[] }> {
    const flags = ['--to', to, '--kubeconfig', coffee.playground.kubeconfig];
    const values = ['--set', 'pod=naive', '--set', 'replicas=1', '--templates', `${root}/istio/cluster.yaml`];
    const child = spawn(process.execPath, [program, ...flags, ...values], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    let isStopped = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (stopAfter === undefined || isStopped || !said.includes(stopAfter)) return;
      isStopped = true;
      child.kill('SIGINT');
    });
    return new Promise((resolve) => {
      child.once('close', (code) => resolve({ code, lines: said.trimEnd().split('\n') }));
    });
  }

  it.each(['✓ Deploy', '✓ Send'])(
    'a switch stopped by SIGINT after "%s" says who serves, and the next run goes on at once',
    async (step) => {
      const from = await liveVersion(coffee);
      const to = other(from);
      const account = await coffee.underLoad(
        async () => {
          const stopped = await run(to, step);
          expect(stopped.code).toBe(130);
          const { live, holder } = await readStatus(coffee.cluster, 'coffee-shop');
          expect(stopped.lines.at(-1)).toContain(`${live[0]?.version ?? '?'} serves all traffic. `);
          expect(stopped.lines.at(-1)).toContain(`npm run switch -- --to ${to}`);
          // The Lease is given back: nobody has to wait for it to run out.
          expect(holder).toBeUndefined();
          const next = await run(to);
          expect({ code: next.code, last: next.lines.at(-1) }).toEqual({
            code: 0,
            last: expect.stringContaining(`${to} serves all traffic after`) as unknown,
          });
        },
        { qps: 50, connections: 10 },
      );
      expect(account).toMatchObject({ lost: 0, byReason: {} });
      expect(await standing(coffee)).toEqual(only(to));
    },
    60_000,
  );
});
