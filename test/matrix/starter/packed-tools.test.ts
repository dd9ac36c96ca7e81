/** What `npm pack` makes, in an empty folder, with nothing but Node and kubectl. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root, startCoffeeCluster, type CoffeeCluster } from '../../support/cluster.ts';
import { findTools } from '../../support/tools/tools.ts';
import { copySource, run, start } from './support/run.ts';

const LARGEST_BYTES = 5_000_000;
const MOST_CPU_MS = 300;
const temp = mkdtempSync(path.join(tmpdir(), 'packed-'));
const empty = path.join(temp, 'empty');
afterAll(() => rmSync(temp, { recursive: true, force: true }));

const tools = await findTools();
const why = typeof tools === 'string' ? ` (skipped: ${tools})` : '';
const kubectlFolder = typeof tools === 'string' ? [] : [path.dirname(tools.kubectl)];
/** The commands on the PATH, as a shell of the reader has them. */
const where = (kubeconfig = ''): { cwd: string; env: Record<string, string> } => ({
  cwd: empty,
  env: {
    PATH: [path.join(empty, 'node_modules/.bin'), ...kubectlFolder, process.env['PATH']].join(path.delimiter),
    ...(kubeconfig === '' ? {} : { KUBECONFIG: kubeconfig }),
  },
});
const commands = [
  'zero-downtime-render',
  'zero-downtime-switch',
  'zero-downtime-load',
  'kubectl-zero_downtime',
];

let archive: string;
beforeAll(async () => {
  const clone = path.join(temp, 'clone');
  copySource(root, clone);
  await run(`ln -s ${root}/node_modules ${clone}/node_modules`, { cwd: temp });
  const before = readFileSync(path.join(clone, 'package.json'));
  const { stdout } = await run(`npm pack --silent --pack-destination ${temp}`, { cwd: clone });
  archive = path.join(temp, stdout.trim().split('\n').at(-1) ?? '');
  expect(readFileSync(path.join(clone, 'package.json')).equals(before)).toBe(true);
  await run(`mkdir ${empty}`, { cwd: temp });
  await run(`npm install --offline --no-audit --no-fund ${archive}`, { cwd: empty });
}, 300_000);

describe('the packed tools', () => {
  it('are small, and bring nothing with them', () => {
    expect(statSync(archive).size).toBeLessThan(LARGEST_BYTES);
    expect(readdirSync(path.join(empty, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'zero-downtime-tools',
    ]);
  });

  it.each(commands)('say the version and the help of %s', async (command) => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect((await run(`${command} --version`, where())).stdout).toBe(`${version}\n`);
    const { stdout, stderr } = await run(`${command} --help`, where());
    expect(stdout + stderr).toMatch(/Usage: (zero-downtime-|kubectl zero-downtime )/);
    expect(stdout + stderr).not.toMatch(/npm run (render|switch|load)/);
  });

  it.each(commands)('start %s quickly', async (command) => {
    // The processor's time, since what else this machine does is no part of it.
    const program = path.join(empty, 'node_modules/.bin', command);
    const measuring = `process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write('cpu ' + (user + system)); });`;
    const flag = `--import 'data:text/javascript,${encodeURIComponent(measuring).replaceAll("'", '%27')}'`;
    const { stderr } = await run(`node ${flag} ${program} --help`, where());
    expect(Number(/cpu (\d+)$/.exec(stderr)?.[1]) / 1000).toBeLessThan(MOST_CPU_MS);
  });

  it('say which flag is missing where there are no templates', async () => {
    const { child, ended } = start('zero-downtime-switch --to v2', where());
    child.stdin?.end();
    expect(await ended).toMatchObject({ code: 2, stderr: expect.stringContaining('--app NAME is missing') });
  });

  it('load a service', async () => {
    const server = createServer((_request, response) => response.end('coffee'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const { stdout } = await run(`zero-downtime-load --url ${url} --qps 100 --duration 1s --json`, where());
      expect(JSON.parse(stdout)).toMatchObject({ sent: 100, lost: 0 });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('render to a program', async () => {
    const program = `import { renderTemplate } from 'zero-downtime-tools/render'; console.log(renderTemplate('{{ .a | upper }}', { a: 'b' }));`;
    const { stdout } = await run(`node --input-type=module --eval ${JSON.stringify(program)}`, where());
    expect(stdout).toBe('B\n');
  });
});

describe('the packed tools and a cluster', () => {
  let coffee: CoffeeCluster;
  beforeAll(async () => {
    coffee = await startCoffeeCluster();
  }, 120_000);
  afterAll(() => coffee.close());
  const templates = `--app coffee-shop --templates ${path.join(root, 'istio/cluster.yaml')}`;

  (typeof tools === 'string' ? it.skip : it)(
    `are found by kubectl, and switch under load without a loss${why}`,
    async () => {
      const { kubeconfig } = coffee.playground;
      const list = await run('kubectl plugin list', where(kubeconfig));
      expect(list.stdout).toContain('kubectl-zero_downtime');
      const account = await coffee.underLoad(async () => {
        const { stderr } = await run(`kubectl zero-downtime switch --to v2 ${templates}`, where(kubeconfig));
        expect(stderr).toMatch(/To roll back: kubectl zero-downtime switch --to v1/);
      });
      expect(account).toMatchObject({ lost: 0 });
      expect(Object.keys(account.byVersion).sort()).toEqual(['v1', 'v2']);
    },
    180_000,
  );

  it('say where things stand', async () => {
    const { stdout } = await run(
      `zero-downtime-switch status --app coffee-shop --json`,
      where(coffee.playground.kubeconfig),
    );
    expect(JSON.parse(stdout)).toMatchObject({ app: 'coffee-shop', versions: [{ share: 100 }] });
  }, 60_000);
});
