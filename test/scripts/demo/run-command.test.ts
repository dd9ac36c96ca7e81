import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DemoCommandOptions } from '../../../scripts/demo/command-line.ts';
import { readCommandLine } from '../../../scripts/demo/command-line.ts';
import { marker, newReportFolder } from '../../../scripts/demo/report/report-folder.ts';
import { runCommand } from '../../../scripts/demo/run-command.ts';
import type { DemoReport } from '../../../scripts/demo/run-demo.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'demo-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

function command(...argv: string[]): DemoCommandOptions {
  const read = readCommandLine(argv);
  if (read.help) throw new Error('help');
  return read;
}

function collector() {
  let text = '';
  return { write: (more: string) => (text += more), text: () => text };
}

const noPlayground = () => Promise.reject(new Error('no room for a cluster'));

describe('the demo without a playground', () => {
  it('ends with 1, says why for each run, and still reports as JSON', async () => {
    const stdout = collector();
    const stderr = collector();
    const { signal } = new AbortController();
    const options = command(
      '--scenario=plain-naive',
      '--scenario=plain-correct',
      '--json',
      `--out=${folder}/new`,
    );
    expect(
      await runCommand(options, {
        startPlayground: noPlayground,
        stdout,
        stderr,
        signal,
        tempFolder: folder,
      }),
    ).toBe(1);
    const report = JSON.parse(stdout.text()) as DemoReport;
    expect(report.settings).toMatchObject({ qps: 500, connections: 50, lagMs: 12_000 });
    expect(report.scenarios).toMatchObject([
      { id: 'plain-naive', weather: 'calm', verdict: 'failed', error: 'no room for a cluster', releaseMs: 0 },
      {
        id: 'plain-correct',
        weather: 'calm',
        verdict: 'failed',
        error: 'no room for a cluster',
        releaseMs: 0,
      },
    ]);
    expect(JSON.parse(await readFile(`${folder}/new/report.json`, 'utf8'))).toEqual(report);
    expect(stderr.text()).toContain('✗ plain-naive, calm');
    expect(stderr.text()).toContain(`${folder}/new/report.html`);
    expect(await readFile(`${folder}/new/report.html`, 'utf8')).toContain('no room for a cluster');
    expect(await readFile(`${folder}/new/report.md`, 'utf8')).toContain('no room for a cluster');
  });

  it('keeps the newest ten reports that have no name of their own, and nothing else goes', async () => {
    await mkdir(`${folder}/mine`);
    const made: string[] = [];
    for (let run = 0; run < 12; run += 1) {
      const report = await newReportFolder(folder);
      // Told apart by the second, not by the moment.
      await utimes(report, 1_000 + run, 1_000 + run);
      made.push(path.basename(report));
    }
    expect((await readdir(folder)).sort()).toEqual(['mine', ...made.slice(2)].sort());
  });

  it('removes only folders that it has made itself, whatever theirs are called', async () => {
    const old = async (name: string): Promise<void> => {
      await mkdir(`${folder}/coffee-shop-report-${name}`, { recursive: true });
      await utimes(`${folder}/coffee-shop-report-${name}`, 1, 1);
    };
    const { signal } = new AbortController();
    const around = { startPlayground: noPlayground, stdout: collector(), stderr: collector(), signal };
    // Named by --out with our prefix, once new and once a folder that we had made.
    const out = `${folder}/coffee-shop-report-talk`;
    const taken = await newReportFolder(folder);
    for (const named of [out, taken])
      await runCommand(command('--scenario=plain-naive', `--out=${named}`), {
        ...around,
        tempFolder: folder,
      });
    await utimes(out, 2, 2);
    await utimes(taken, 2, 2);
    await old('of-somebody');
    // A link to a folder of ours elsewhere, and a marker that is none.
    const elsewhere = path.join(folder, 'elsewhere');
    await mkdir(elsewhere);
    await symlink(await newReportFolder(elsewhere), `${folder}/coffee-shop-report-link`);
    await old(`odd/${marker}`);
    const there = await readdir(folder);
    for (let run = 0; run < 12; run += 1) await newReportFolder(folder);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(there));
    expect(await readdir(folder)).toHaveLength(there.length + 10);
    expect(await readdir(elsewhere)).toHaveLength(1);
    expect(await readdir(out)).toEqual(['report.html', 'report.json', 'report.md']);
  });

  it.each([
    ['table', [] as string[], 'plain-naive'],
    ['JSON', ['--json'], '"scenarios"'],
  ])(
    'gives its %s before a report that cannot be written, and names the file',
    async (_what, flags, shown) => {
      const stdout = collector();
      const { signal } = new AbortController();
      const around = {
        startPlayground: noPlayground,
        stdout,
        stderr: collector(),
        signal,
        tempFolder: folder,
      };
      await mkdir(`${folder}/out/report.json`, { recursive: true });
      const run = runCommand(command('--scenario=plain-naive', `--out=${folder}/out`, ...flags), around);
      await expect(run).rejects.toMatchObject({
        exitCode: 1,
        message: expect.stringContaining(
          `${folder}/out/report.json could not be written: E`,
        ) as unknown as string,
      });
      expect(stdout.text()).toContain(shown);
      // Nothing half-written beside it.
      expect(await readdir(`${folder}/out`)).toEqual(['report.json']);
    },
  );

  it('writes the report into a new folder of its own when none is named', async () => {
    const stderr = collector();
    const { signal } = new AbortController();
    const around = { startPlayground: noPlayground, stdout: collector(), stderr, signal, tempFolder: folder };
    for (let run = 0; run < 2; run += 1) await runCommand(command('--scenario=plain-naive'), around);
    const folders = await readdir(folder);
    expect(folders).toHaveLength(2);
    for (const name of folders) {
      expect(stderr.text()).toContain(`${folder}/${name}/report.html`);
      expect(await readdir(`${folder}/${name}`)).toEqual([marker, 'report.html', 'report.json', 'report.md']);
    }
  });

  it('ends a run at once when its playground breaks, and says why', async () => {
    const stdout = collector();
    const startPlayground = ({ onFailure }: { onFailure: (error: Error) => void }) => {
      onFailure(new Error('the proxies ended'));
      return Promise.reject(new Error('connect ECONNREFUSED'));
    };
    const { signal } = new AbortController();
    const options = command('--scenario=plain-naive');
    expect(
      await runCommand(options, { startPlayground, stdout, stderr: collector(), signal, tempFolder: folder }),
    ).toBe(1);
    expect(stdout.text()).toContain('plain-naive, calm: the proxies ended');
  });

  it('does not go on with the next run when the user breaks off', async () => {
    const broken = new AbortController();
    const started: boolean[] = [];
    const startPlayground = ({ mesh }: { mesh: boolean }) => {
      started.push(mesh);
      broken.abort(new Error('stopped by SIGINT'));
      return Promise.reject(new Error('the playground was ended'));
    };
    const around = {
      startPlayground,
      stdout: collector(),
      stderr: collector(),
      signal: broken.signal,
      tempFolder: folder,
    };
    await expect(runCommand(command(), around)).rejects.toThrow('stopped by SIGINT');
    expect(started).toEqual([false]);
  });

  it('refuses a folder that cannot be made before it starts anything', async () => {
    await writeFile(`${folder}/file`, '');
    const around = {
      startPlayground: noPlayground,
      stdout: collector(),
      stderr: collector(),
      tempFolder: folder,
    };
    const { signal } = new AbortController();
    const refused = runCommand(command(`--out=${folder}/file/report`), { ...around, signal });
    await expect(refused).rejects.toMatchObject({ exitCode: 2 });
    expect(around.stderr.text()).toBe('');
  });
});
