/** `--write-values`: after a switch, and after its undo, the cluster file says what stands in the cluster. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundle } from '../../../../scripts/shared/bundle.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import type { SwitchResult } from '../../../../scripts/switch/index.ts';
import type { Comparison } from '../../../../scripts/switch/command/compare-with-file.ts';
import { quickDelays, root, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';
import { copyValuesFile, diffOf, type ValuesFile } from '../../../support/values-file.ts';

let coffee: CoffeeCluster;
let folder: string;
let program: string;
let values: ValuesFile;
const atEnd = endAfterAll();
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'write-values-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  program = path.join(folder, 'switch.mjs');
  await bundle(path.join(root, 'scripts/switch/main.ts'), program);
  values = copyValuesFile(path.join(folder, 'istio'));
  coffee = await startServingShop({}, { clusterFile: values.file, delays: quickDelays });
  atEnd(() => coffee.close());
}, 60_000);

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command where istio/cluster.yaml is the team's. */
function run(...args: string[]): Promise<Ended> {
  const flags = ['--kubeconfig', coffee.playground.kubeconfig, '--templates', 'istio/cluster.yaml'];
  return new Promise((resolve) =>
    execFile(process.execPath, [program, ...args, ...flags], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  );
}

const switchTo = (version: string, ...more: string[]) =>
  run('--to', version, '--write-values', 'istio/cluster.yaml', ...more);
const diff = () => diffOf(values, { ...coffee, kubeconfig: coffee.playground.kubeconfig, folder });
const lastLine = ({ stderr }: Ended) => stderr.trimEnd().split('\n').at(-1) ?? '';

describe('a switch that writes the end state', () => {
  it('changes its values alone, and applying the file again would change nothing', async () => {
    const before = values.read();
    chmodSync(values.file, 0o640);
    expect(await diff()).toBe('');
    const { code, stderr } = await switchTo('v2', '--image', 'coffee-shop:2.0.0');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const line =
      'istio/cluster.yaml: version v1 -> v2, image coffee-shop:1.0.0 -> coffee-shop:2.0.0, subsets v1 -> v2, live v1 -> v2';
    expect(stderr.split('\n')).toContain(`   ${line}`);
    expect(values.read()).toBe(
      before
        .replace('version: v1', 'version: v2')
        .replace('image: coffee-shop:1.0.0', 'image: coffee-shop:2.0.0')
        .replace('subsets: v1\n', 'subsets: v2\n')
        .replace('live: v1', 'live: v2'),
    );
    expect(statSync(values.file).mode & 0o777).toBe(0o640);
    expect(await diff()).toBe('');
    expect(readdirSync(path.dirname(values.file)).filter((name) => name.startsWith('.'))).toEqual([]);
  }, 120_000);

  it('leaves a file that needs no change after three in a row, whose size and route somebody changed meanwhile', async () => {
    expect(await switchTo('v3')).toMatchObject({ code: 0 });
    expect(await diff()).toBe('');
    const { deployments, virtualServices } = resources;
    await coffee.cluster.patch(deployments, 'coffee-shop-v3', { spec: { replicas: 2 } });
    const route = { destination: { host: 'coffee-shop', subset: 'v3', port: { number: 8080 } } };
    const http = [{ name: 'renamed-by-hand', retries: { attempts: 0 }, route: [route] }];
    await coffee.cluster.patch(virtualServices, 'coffee-shop', { spec: { http } });
    expect(await diff()).not.toBe('');
    const { code, stderr } = await switchTo('v4', '--image', 'coffee-shop:4.0.0');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain('replicas 1 -> 2, ');
    expect(stderr).toContain(', marker first-release -> renamed-by-hand\n');
    expect(await diff()).toBe('');
  }, 180_000);

  it('says both subsets of a version that is kept, and after the undo what it said before', async () => {
    const before = values.read();
    const kept = await switchTo('v5', '--image', 'coffee-shop:5.0.0', '--keep-old', '--json');
    const result = JSON.parse(kept.stdout) as SwitchResult;
    expect(result.values).toMatchObject({
      file: 'istio/cluster.yaml',
      changes: expect.arrayContaining([{ key: 'subsets', from: 'v4', to: 'v4,v5' }]) as unknown,
      differs: [],
    });
    expect(result.message).toMatch(/--to v5 --undo .*--write-values istio\/cluster\.yaml$/);
    expect(await diff()).toBe('');
    expect(await switchTo('v5', '--undo')).toMatchObject({ code: 0 });
    expect(values.read()).toBe(before);
    expect(await diff()).toBe('');
  }, 180_000);

  it('leaves the file as it is when its failure is rolled back', async () => {
    const before = values.read();
    const failed = await switchTo('v6', '--image', 'no-such-thing:9', '--step-timeout', '2s');
    expect({ ...failed, said: lastLine(failed) }).toMatchObject({
      code: 1,
      said: expect.stringContaining('v4 still serves all traffic') as unknown,
    });
    expect(values.read()).toBe(before);
    expect(await diff()).toBe('');
  }, 60_000);
});

describe('a cluster file that says otherwise', () => {
  const stale = () => values.read().replaceAll('v4', 'v1');

  it('is found by status and by kubectl diff, and mended by the same switch, which is done already', async () => {
    const right = values.read();
    values.write(stale());
    expect(await diff()).toContain('subset: v4');
    const found = await run('status', '--values', 'istio/cluster.yaml');
    expect(found.code).toBe(1);
    expect(found.stdout.split('\n')).toEqual(
      expect.arrayContaining([
        'istio/cluster.yaml says otherwise: version v1, where the cluster has v4',
        expect.stringMatching(/^Write it into the file: .* --to v4 .*--write-values istio\/cluster\.yaml$/),
      ]),
    );
    expect(await switchTo('v4')).toMatchObject({ code: 0 });
    expect(values.read()).toBe(right);
    const agreed = await run('status', '--values', 'istio/cluster.yaml');
    expect(agreed).toMatchObject({ code: 0 });
    expect(agreed.stdout).toMatch(/\nistio\/cluster\.yaml and the cluster agree\.\n$/);
    const { values: told } = JSON.parse(
      (await run('status', '--values', 'istio/cluster.yaml', '--json')).stdout,
    ) as { values: Comparison };
    expect(told).toMatchObject({ agrees: true, live: 'v4', changes: [], differs: [], patch: '' });
  }, 60_000);

  it('is left, and a patch printed that git applies', async () => {
    const right = values.read();
    values.write(stale());
    const printed = await run('--to', 'v4', '--write-values', '-');
    expect(printed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^--- a\/istio\/cluster\.yaml\n/) as unknown,
    });
    expect(values.read()).toBe(stale());
    // As it stands in the log of a Job: among the lines of the run.
    const log = `Switching\n ✓ Preflight\n${printed.stdout}${printed.stderr}`;
    execFileSync('git', ['apply', '-'], { cwd: folder, input: log });
    expect(values.read()).toBe(right);
    expect(await run('--to', 'v4', '--write-values', '-')).toMatchObject({ code: 0, stdout: '' });
  }, 60_000);

  it('is told by the fields that its values do not decide, and never by what stands in them', async () => {
    const right = values.read();
    values.write(
      right
        .replace('preStopToken: change-me', 'preStopToken: of-another-time')
        .replace('pod: naive', 'pod: correct'),
    );
    const found = await run('status', '--values', 'istio/cluster.yaml');
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(
      /\nistio\/cluster\.yaml says otherwise: Deployment coffee-shop-v4 \(spec\.template\.spec\.[\w.[\]]+(, [\w.[\]]+)*( and \d+ more)?\)\n/,
    );
    expect(found.stdout).not.toContain('of-another-time');
    values.write(right);
  }, 60_000);
});

describe('a file that cannot be written', () => {
  const standing = async () => {
    const kinds = [resources.virtualServices, resources.deployments, resources.leases];
    const all = await Promise.all(kinds.map((resource) => coffee.cluster.list(resource)));
    return all.flat().map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
  };

  it('is refused before anything is changed', async () => {
    const before = await standing();
    writeFileSync(path.join(folder, 'list.yaml'), '- v1\n');
    writeFileSync(path.join(folder, 'tea.yaml'), 'global: {app: tea, version: v1}\ninclude: [{name: version, path: istio/version}]\n'); // prettier-ignore
    symlinkSync('nowhere', path.join(folder, 'dangling.yaml'));
    for (const [file, why] of [
      ['gone.yaml', /gone\.yaml does not exist/],
      ['istio', /istio is a folder, not a file/],
      ['list.yaml', /list\.yaml: the cluster file must be a map, got a list/],
      ['tea.yaml', /tea\.yaml describes no resource set of coffee-shop/],
      ['dangling.yaml', /dangling\.yaml does not exist/],
      ['', /--write-values and --values need a file/],
    ] as const) {
      const refused = await run('--to', 'v7', '--write-values', file);
      expect({ file, ...refused }).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringMatching(why) as unknown,
      });
    }
    expect(await run('status', '--write-values', 'istio/cluster.yaml')).toMatchObject({ code: 2 });
    expect(await run('--to', 'v7', '--values', 'istio/cluster.yaml')).toMatchObject({ code: 2 });
    expect(await standing()).toEqual(before);
  }, 60_000);

  it('does not end the switch when it goes meanwhile: the last line says who serves, and the same run mends it', async () => {
    const text = values.read();
    const flags = ['--kubeconfig', coffee.playground.kubeconfig, '--templates', 'istio/cluster.yaml'];
    writeFileSync(
      path.join(folder, 'own.yaml'),
      text.replaceAll(/- name: ([\w-]+)/g, '- name: $1\n    path: istio/$1'),
    );
    const child = spawn(process.execPath, [program, '--to', 'v7', '--write-values', 'own.yaml', ...flags], {
      cwd: folder,
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      stderr += more;
      if (stderr.includes('Preflight')) rmSync(path.join(folder, 'own.yaml'), { force: true });
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, last: lastLine({ code: 1, stdout: '', stderr }) }).toEqual({
      code: 1,
      last: expect.stringMatching(
        /^v7 serves all traffic, but the values were not written: own\.yaml does not exist\. Once that is fixed: .* --to v7 .*--write-values own\.yaml$/,
      ) as unknown,
    });
    expect(await switchTo('v7')).toMatchObject({ code: 0 });
    expect(await diff()).toBe('');
  }, 120_000);
});

describe('the negative control', () => {
  it('leaves a file that would undo the switch where nobody writes the end state', async () => {
    expect(await run('--to', 'v8')).toMatchObject({ code: 0 });
    expect(await diff()).toContain('-        subset: v8');
  }, 60_000);
});
