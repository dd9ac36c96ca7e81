import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeImages } from '../../../scripts/image/run-command.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';
import { type ServiceProcess, startProcess } from '../../support/service-process.ts';

const run = promisify(execFile);
const programs = ['containerd', 'ctr', 'runc'];
const missing = programs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
const asRoot = process.getuid?.() === 0 && process.platform === 'linux';
const canRun = asRoot && missing.length === 0;
const why = canRun
  ? ''
  : ` (skipped: needs Linux, root and ${programs.join(', ')}; apt-get install containerd)`;

let folder: string;
let containerd: ServiceProcess;
const ctr = async (...args: string[]): Promise<string> =>
  (await run('ctr', ['--address', join(folder, 'socket'), ...args])).stdout;

const started: string[] = [];
/** Runs an image as the templates do: its own user, nothing to write to; on this machine's network. */
function runImage(id: string, image: string, env: Record<string, string>, command: string[] = []) {
  started.push(id);
  return startProcess(
    'ctr',
    [
      ...['--address', join(folder, 'socket'), 'run', '--rm', '--net-host', '--read-only'],
      ...['--snapshotter', 'native', ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`)],
      ...[`docker.io/library/${image}:1`, id, ...command],
    ],
    {},
  );
}

beforeAll(async () => {
  if (!canRun) return;
  folder = await mkdtemp(join(tmpdir(), 'containerd-'));
  const config = [
    'version = 2',
    `root = "${folder}/root"`,
    `state = "${folder}/state"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    `[grpc]\n  address = "${folder}/socket"`,
  ];
  await writeFile(join(folder, 'config.toml'), config.join('\n'));
  containerd = startProcess('containerd', ['--config', join(folder, 'config.toml')]);
  const written = await writeImages(
    { help: false, images: [], base: undefined, tag: '1', revision: undefined, out: folder, json: true },
    { root: process.cwd(), nodePath: process.execPath, arch: process.arch, progress: () => undefined },
  );
  await waitFor(() => ctr('version').catch(() => undefined), { deadlineMs: 20_000, what: 'containerd' });
  for (const { file } of written) await ctr('images', 'import', '--snapshotter', 'native', file);
}, 120_000);

afterAll(async () => {
  if (!canRun) return;
  for (const id of started) await ctr('tasks', 'kill', '--signal', 'SIGKILL', id).catch(() => undefined);
  containerd.signal('SIGTERM');
  await containerd.exited;
  await rm(folder, { recursive: true, force: true });
}, 30_000);

describe('a real containerd', () => {
  (canRun ? it : it.skip)(
    `imports every image under the name that the kubelet asks for${why}`,
    async () => {
      const names = (await ctr('images', 'list', '--quiet')).trim().split('\n').sort();
      expect(names).toEqual([
        'docker.io/library/coffee-shop-tools:1',
        'docker.io/library/coffee-shop:1',
        'docker.io/library/lifecycle-sidecar:1',
      ]);
      expect(await ctr('images', 'check', '--snapshotter', 'native')).not.toMatch(/incomplete|missing/);
    },
    30_000,
  );

  (canRun ? it : it.skip)(
    `runs the service, sends it orders from the tools, and sees it end well${why}`,
    async () => {
      const shop = runImage('shop', 'coffee-shop', {
        ...{ HOST: '127.0.0.1', PORT: '0', ADMIN_PORT: '0', VERSION: 'v1' },
        ...{ DRAIN_MIN_MS: '0', DRAIN_QUIET_MS: '50' },
      });
      const { port } = await shop.event('listening');
      const url = `--url=http://127.0.0.1:${String(port)}/orders`;
      const flags = ['--method=POST', '--qps=20', '--connections=2', '--duration=500ms', '--json'];
      const command = ['node', 'scripts/load/main.js', url, ...flags];
      const load = runImage('load', 'coffee-shop-tools', {}, command);
      expect(await load.exited).toBe(0);
      expect(load.events).toMatchObject([{ sent: 10, ok: 10, byVersion: { v1: 10 } }]);
      shop.signal('SIGTERM');
      expect(await shop.exited).toBe(0);
      expect(await shop.event('closed')).toMatchObject({ requests: 10, drained: 'quiet' });
    },
    60_000,
  );

  (canRun ? it : it.skip)(
    `runs the switch of the tools, which finds its templates and asks for a cluster${why}`,
    async () => {
      const flags = ['--to=v2', '--kubeconfig=/nowhere'];
      const tool = runImage('switch', 'coffee-shop-tools', {}, ['node', 'scripts/switch/main.js', ...flags]);
      expect(await tool.exited).toBe(2);
      expect(tool.stderr()).toMatch('there is no file /nowhere');
    },
    30_000,
  );
});
