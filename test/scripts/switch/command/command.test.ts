import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { help, parseSwitchArgs, switchFlags } from '../../../../scripts/switch/command/command-line.ts';
import { kubeconfigFor, startFakeApiServer } from '../../shared/cluster/fake-api-server.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'switch-command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Runs the command with a home and a temp folder of its own, so that
 * no playground and no kubeconfig is found by chance.
 */
function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--import', './load-typescript.mjs', 'scripts/switch/main.ts', ...args],
      {
        cwd: root,
        env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder },
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => (stdout += String(data)));
    child.stderr.on('data', (data) => (stderr += String(data)));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
const oneLine = (text: string) => expect.stringMatching(new RegExp(`^${text}[^\\n]*\\n$`)) as unknown;

describe('npm run switch', () => {
  it('npm run switch explains itself', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toContain('Example: npm run switch -- --to v2');
    for (const exitCode of ['0 done', '1 it did not succeed', '2 wrong usage', '130 or 143 stopped'])
      expect(stdout).toContain(exitCode);
    for (const usage of ['--undo [--to VERSION]', '--promote', 'status', 'adopt --as VERSION [--undo]'])
      expect(stdout).toContain(`\n       npm run switch -- ${usage} [flags]\n`);
  });

  it('the help names every flag that the command takes', () => {
    for (const [name, flag] of Object.entries(switchFlags)) {
      expect(help).toMatch(new RegExp(`(^|[ \\[])--${name}\\b`, 'm'));
      if ('short' in flag) expect(help).toContain(`-${flag.short}, --${name}`);
    }
  });

  it('the command keeps what it was told for the commands it suggests, quoted where a shell needs it', () => {
    const told = [
      '--to',
      'v2',
      '--context',
      'kind',
      '--istio-namespace',
      'mesh',
      '--templates',
      'my own.yaml',
    ];
    const wished = [
      '--canary',
      '5,25',
      '--hold',
      '--keep-old',
      '--image',
      'shop:2',
      '--set',
      "motto=it's on",
    ];
    const { options } = parseSwitchArgs([...told, ...wished], { defaultTemplates: 'istio/cluster.yaml' });
    expect(options.sameCluster).toBe(" --context kind --istio-namespace mesh --templates 'my own.yaml'");
    expect(options.sameWishes).toBe(
      " --image shop:2 --set 'motto=it'\\''s on' --canary 5,25 --hold --keep-old",
    );
    const bare = parseSwitchArgs(['--to', 'v2'], { defaultTemplates: 'istio/cluster.yaml' }).options;
    expect([bare.sameCluster, bare.sameWishes]).toEqual(['', '']);
  });

  it('the command adopts under the name that --as gives, and takes nothing that a new version is told', () => {
    const parse = (...told: string[]) => parseSwitchArgs(told, { defaultTemplates: 'istio/cluster.yaml' });
    expect(parse('adopt', '--as', 'v1', '--undo').options).toMatchObject({
      adopt: true,
      to: 'v1',
      undo: true,
    });
    expect(parse('--to', 'v2').options).toMatchObject({ adopt: false, to: 'v2' });
    expect(() => parse('adopt')).toThrow(/^--as VERSION is missing/);
    expect(() => parse('adopt', '--as', 'V1')).toThrow(/must be a name/);
    expect(() => parse('--as', 'v1')).toThrow(/^--as is for adopt/);
    for (const wish of [
      ['--to', 'v2'],
      ['--image', 'shop:2'],
      ['--canary', '5'],
      ['--keep-old'],
      ['--set', 'a=b'],
    ])
      expect(() => parse('adopt', '--as', 'v1', ...wish)).toThrow(`${wish[0] ?? ''} is for a switch`);
  });

  it('the command leaves out of its suggestions what only the pod has in which it runs', () => {
    const parsing = { defaultTemplates: 'istio/cluster.yaml', isReadElsewhere: true };
    const told = [
      '--to',
      'v2',
      '--kubeconfig',
      '/etc/switch/kubeconfig',
      '--context',
      'here',
      '--namespace',
      'shop',
    ];
    const { options } = parseSwitchArgs([...told, '--image', 'shop:2', '--istio-namespace', 'mesh'], parsing);
    expect(options.sameCluster).toBe(' --istio-namespace mesh');
    expect(options.sameWishes).toBe(' --image shop:2');
  });

  it('the command answers wrong usage with one line and exit code 2', async () => {
    const kubeconfig = path.join(folder, 'gone.yaml');
    const [nothing, flag, name, timeout, share, set, file, cluster] = await Promise.all([
      run(),
      run('--to', 'v2', '--bogus'),
      run('--to', 'V2'),
      run('--to', 'v2', '--step-timeout', '5'),
      run('--to', 'v2', '--canary', '50,5'),
      run('--to', 'v2', '--set', 'novalue'),
      run('--to', 'v2', '--kubeconfig', kubeconfig),
      run('--to', 'v2'),
    ]);
    expect(nothing).toEqual({ code: 2, stdout: '', stderr: oneLine('--to VERSION is missing') });
    expect(flag).toEqual({ code: 2, stdout: '', stderr: oneLine("Unknown option '--bogus'") });
    expect(name).toEqual({ code: 2, stdout: '', stderr: oneLine('--to must be a name') });
    expect(timeout).toEqual({ code: 2, stdout: '', stderr: oneLine('--step-timeout must be a duration') });
    expect(share).toEqual({ code: 2, stdout: '', stderr: oneLine('--canary must be ascending') });
    expect(set).toEqual({ code: 2, stdout: '', stderr: oneLine('--set must be KEY=VALUE') });
    expect(file).toEqual({ code: 2, stdout: '', stderr: oneLine('--kubeconfig: there is no file') });
    expect(cluster).toEqual({
      code: 2,
      stdout: '',
      stderr: oneLine('No cluster named and no playground running'),
    });
  }, 90_000);

  it('the command says in one line that the cluster does not answer, and that there is nothing to switch in it', async () => {
    const fake = await startFakeApiServer();
    fake.otherwise = (asked, response) => {
      const list = /\/(deployments|pods)$/.test(asked.path);
      response.writeHead(list ? 200 : 404, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(
          list ? { items: [] } : { kind: 'Status', reason: 'NotFound', message: 'not found', code: 404 },
        ),
      );
    };
    const empty = await run('--to', 'v2', '--kubeconfig', fake.kubeconfig);
    expect(empty).toEqual({
      code: 1,
      stdout: '',
      stderr: oneLine('shop has no Service, no VirtualService, no DestinationRule named coffee-shop'),
    });
    const file = path.join(folder, 'closed.yaml');
    writeFileSync(file, kubeconfigFor(fake.url));
    await fake.close();
    const [closed, forProgram] = await Promise.all([
      run('--to', 'v2', '--kubeconfig', file),
      run('--to', 'v2', '--kubeconfig', file, '--json'),
    ]);
    expect(forProgram.code).toBe(1);
    expect(JSON.parse(forProgram.stdout)).toMatchObject({
      app: 'coffee-shop',
      from: null,
      to: 'v2',
      outcome: 'stopped',
      steps: [],
      live: null,
    });
    expect(closed).toEqual({
      code: 1,
      stdout: '',
      stderr: oneLine(`The API server at ${fake.url} does not answer`),
    });
  });
});
