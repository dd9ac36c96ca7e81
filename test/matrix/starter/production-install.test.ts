/** After `npm ci --omit=dev` everything runs that a service or a pipeline starts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { root } from '../../support/root.ts';
import { copySource, run, start } from './support/run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'production-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  copySource(root, folder);
  await run('npm ci --omit=dev --ignore-scripts --prefer-offline', { cwd: folder });
}, 300_000);

describe('an installation without what development needs', () => {
  it('has none of it', async () => {
    await expect(run('npm run typecheck', { cwd: folder })).rejects.toThrow(/typescript/);
  }, 60_000);

  it.each([
    ['start', '"msg":"ready"'],
    ['sidecar', '"msg":"listening"'],
  ])(
    'runs npm run %s',
    async (script, word) => {
      const env = { PORT: '0', ADMIN_PORT: '0', DRAIN_MIN_MS: '0', DRAIN_QUIET_MS: '0' };
      const service = start(`npm run ${script}`, { cwd: folder, env });
      await waitFor(() => service.said().includes(word), {
        deadlineMs: 60_000,
        what: `npm run ${script} to be there`,
        lastSeen: service.said,
      });
      process.kill(-(service.child.pid ?? 0), 'SIGTERM');
      await service.ended;
    },
    90_000,
  );

  it.each(['switch', 'render', 'load', 'image', 'sidecar', 'start'])(
    'runs npm run %s -- --help',
    async (script) => {
      const { stdout, stderr } = await run(`npm run -s ${script} -- --help`, { cwd: folder });
      expect(stdout + stderr).toMatch(/Example/);
    },
    60_000,
  );

  it('renders templates', async () => {
    const { stdout } = await run('npm run -s render -- template istio/cluster.yaml', { cwd: folder });
    expect(stdout).toContain('kind: VirtualService');
  }, 60_000);

  it('loads a service', async () => {
    const server = createServer((_request, response) => response.end('coffee'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const { stdout } = await run(`npm run -s load -- --url ${url} --qps 100 --duration 1s --json`, {
        cwd: folder,
      });
      expect(JSON.parse(stdout)).toMatchObject({ sent: 100, ok: 100, lost: 0 });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }, 60_000);

  it('gets as far as the cluster with a switch', async () => {
    const server = createServer((_request, response) => response.writeHead(403).end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const text = JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
      clusters: [{ name: 'c', cluster: { server: url } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      users: [{ name: 'u', user: {} }],
    });
    const { child, ended } = start('npm run -s switch -- status --kubeconfig /dev/stdin', { cwd: folder });
    child.stdin?.end(text);
    const { code, stderr } = await ended;
    server.closeAllConnections();
    server.close();
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/403|forbidden/i) });
  }, 60_000);
});
