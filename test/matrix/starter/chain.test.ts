/**
 * From `npm run new` to a release without a loss: each command as the README of the new repository has it.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '../../../scripts/load/index.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { root, startPlayground, type Playground } from '../../support/cluster.ts';
import { freePort } from '../../support/free-port.ts';
import { run, start } from './support/run.ts';

/** What a team may read, with its tests. */
const MOST_LINES = 25_000;
const LONGEST_MS = 180_000;

const temp = mkdtempSync(path.join(tmpdir(), 'new-repository-'));
const made = path.join(temp, 'tea-house');
afterAll(() => rmSync(temp, { recursive: true, force: true }));

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((file) => !/^(node_modules|dist|\.git)\//.test(file));
const textsOf = (folder: string): { file: string; text: string }[] =>
  filesOf(folder)
    .filter((file) => !file.endsWith('.tgz') && file !== 'package-lock.json')
    .map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') }));

beforeAll(async () => {
  const { stderr } = await run(`npm run -s new -- --name tea-house --out ${made} --allow-dirty`, {
    cwd: root,
  });
  expect(stderr).toMatch(/^Next: cd \S*tea-house && git init && npm ci && npm test$/m);
}, 300_000);

describe('the new repository', () => {
  it('has no word of the coffee-shop, and is not too long to be read', () => {
    const words =
      /coffee|espresso|latte\b|brew|\bshop\b|[I]NTERFACE\.md|[D]ESIGN\.md|\(#\d+\)|playground|workshop|\bdemo\b|\bbench/gi;
    const found = textsOf(made).flatMap(({ file, text }) =>
      [...`${file}\n${text}`.matchAll(words)].map(([word]) => `${file}: ${word}`),
    );
    expect(found).toEqual([]);
    const lines = textsOf(made)
      .filter(({ file }) => file.endsWith('.ts'))
      .reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
    expect(lines).toBeGreaterThan(5_000);
    expect(lines).toBeLessThan(MOST_LINES);
  });

  it('names no registry and no machine', () => {
    const lock = readFileSync(path.join(made, 'package-lock.json'), 'utf8');
    expect(lock).not.toMatch(/"resolved": "https?:/);
    expect(textsOf(made).filter(({ text }) => text.includes(root) || text.includes(temp))).toEqual([]);
  });

  it('passes its own checks, and its tests within three minutes', async () => {
    await run('git init -q', { cwd: made });
    const install = await run('npm ci --prefer-offline', { cwd: made });
    const test = await run('npm test', { cwd: made });
    expect(test.stderr).toMatch(/^Tests: .*\d+ passed/m);
    process.stderr.write(`npm ci ${Math.round(install.ms)} ms, npm test ${Math.round(test.ms)} ms\n`);
    expect(install.ms + test.ms).toBeLessThan(LONGEST_MS);
    await run('npm run typecheck', { cwd: made });
    await run('npm run lint', { cwd: made });
  }, 900_000);

  it('serves, is made an image, and is switched under load on a playground without a loss', async () => {
    await serves();
    await run('npm run image -- tea-house', { cwd: made });
    const playground = await startPlayground({
      imageArchives: [path.join(made, 'dist/tea-house-1.0.0.tar')],
    });
    try {
      const account = await releaseUnderLoad(playground);
      expect(account).toMatchObject({ lost: 0 });
      expect(account.sent).toBeGreaterThan(500);
      expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
    } finally {
      await playground.close();
    }
    // And where nobody answers the same load says so.
    const lost = start(`${loadOf(`http://127.0.0.1:${await freePort()}/orders`)} --duration 300ms`, {
      cwd: made,
    });
    expect((await lost.ended).code).toBe(1);
  }, 300_000);
});

async function serves(): Promise<void> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = {
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    DRAIN_MIN_MS: '100',
    DRAIN_QUIET_MS: '50',
  };
  const service = start('npm start', { cwd: made, env });
  await waitFor(() => service.said().includes('"msg":"ready"'), {
    deadlineMs: 60_000,
    what: 'npm start to serve',
  });
  const answer = await fetch(`http://127.0.0.1:${port}/sample`);
  expect({ status: answer.status, version: answer.headers.get('x-version') }).toEqual({
    status: 200,
    version: 'dev',
  });
  process.kill(-(service.child.pid ?? 0), 'SIGTERM');
  await service.ended;
}

const loadOf = (url: string): string =>
  `npm run -s load -- --url ${url} --method POST --qps 200 --connections 20 --json --progress-json`;

async function releaseUnderLoad({ kubeconfig, gatewayUrl = '' }: Playground): Promise<Account> {
  const where = { cwd: made, env: { KUBECONFIG: kubeconfig } };
  const sets = ['base', 'version', 'subsets', 'route', 'network-policy'].map((set) => `-i ${set}`).join(' ');
  await run(`npm run -s render -- apply istio/cluster.yaml ${sets} --var retries=0`, where);
  const url = `${gatewayUrl}/orders`;
  await waitFor(async () => (await fetch(url, { method: 'POST' }).catch(() => undefined))?.ok === true, {
    deadlineMs: 60_000,
    what: `an order at ${url}`,
  });
  const load = start(`${loadOf(url)} --duration 5m --stop-on-stdin-end`, where);
  const sent = (): number => Number([...load.said().matchAll(/"sent":(\d+)/g)].at(-1)?.[1] ?? 0);
  const reaches = (count: number) =>
    waitFor(() => sent() >= count, { deadlineMs: 60_000, what: `${count} orders`, lastSeen: load.said });
  await reaches(200);
  const { stdout } = await run('npm run -s switch -- --to v2 --image tea-house:1.0.0 --json', where);
  expect(JSON.parse(stdout)).toMatchObject({ app: 'tea-house', from: 'v1', to: 'v2', outcome: 'switched' });
  await reaches(sent() + 200);
  load.child.stdin?.end();
  const ended = await load.ended;
  return JSON.parse(ended.stdout) as Account;
}
