import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readCommandLine } from '../../../../scripts/demo/command-line.ts';
import { runCommand } from '../../../../scripts/demo/run-command.ts';
import { writeSweep, type SweepState } from '../../../../scripts/demo/sweep/sweep-state.ts';
import { point } from './point.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sweep-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const flags = ['--sweep=0s,12s', '--scenario=istio-script', '--json'];

/** Runs a sweep on a machine where no playground starts; counts how often one was tried. */
async function sweep(...more: string[]) {
  const command = readCommandLine([...flags, `--out=${folder}`, ...more]);
  if (command.help) throw new Error('help');
  let started = 0;
  let said = '';
  let printed = '';
  const code = await runCommand(command, {
    startPlayground: () => {
      started += 1;
      return Promise.reject(new Error('no room for a cluster'));
    },
    stdout: { write: (text: string) => (printed += text) },
    stderr: { write: (text: string) => (said += text) },
    signal: new AbortController().signal,
    tempFolder: folder,
  });
  return { code, started, said, result: JSON.parse(printed) as { approaches: { measured: string }[] } };
}

function known(...points: SweepState['points']): void {
  const command = readCommandLine(flags);
  if (command.help) throw new Error('help');
  const { qps, connections, loadMs, warmUpMs, tailMs, seed, quick, routing } = command.settings;
  const settings = { qps, connections, loadMs, warmUpMs, tailMs, seed, quick, routing };
  writeSweep(folder, { settings, points });
}

describe('a sweep that was broken off', () => {
  it('goes on with what is missing', async () => {
    known(point('istio-script', 0, 0));
    const { started, code, said } = await sweep();
    expect([started, code]).toEqual([1, 1]);
    expect(said).toContain('1 are known');
  });

  it('runs nothing again when all is known, and reports it', async () => {
    known(point('istio-script', 0, 0), point('istio-script', 12_000, 40));
    const { started, code, result } = await sweep();
    expect([started, code]).toEqual([0, 0]);
    expect(result.approaches).toMatchObject([{ measured: 'breaks between 0 s and 12 s' }]);
    expect(await readFile(path.join(folder, 'report.md'), 'utf8')).toContain('breaks between');
  });

  it('tries a failed run again and keeps what it learned', async () => {
    known(point('istio-script', 0, 0));
    await sweep();
    expect((await sweep()).started).toBe(1);
    const state = JSON.parse(await readFile(path.join(folder, 'sweep.json'), 'utf8')) as SweepState;
    expect(state.points.map(({ lagMs, verdict }) => [lagMs, verdict])).toEqual([
      [0, 'kept'],
      [12_000, 'failed'],
    ]);
  });

  it('is not mixed with one of other settings', async () => {
    known(point('istio-script', 0, 0));
    await expect(sweep('--qps=100')).rejects.toThrow('begun with qps 500, not 100');
  });

  it.each(['not json', 'null', '{}', '{"settings":null,"points":[]}', '{"settings":{}}'])(
    'is not mistaken for another file: %s',
    async (text) => {
      await writeFile(path.join(folder, 'sweep.json'), text);
      const refused: unknown = await sweep().catch((error: unknown) => error);
      expect(refused).toMatchObject({ exitCode: 2 });
      expect(String(refused)).toContain('sweep.json is no sweep: ');
    },
  );
});

describe('the flags of a sweep', () => {
  it.each([['--sweep=1'], ['--sweep=1s,200s'], ['--sweep=1s', '--lag=2s'], ['--sweep=1s', '--weather=calm']])(
    'refuses %s',
    (...argv) => {
      expect(() => readCommandLine(argv)).toThrow(/--sweep/);
    },
  );

  it('sorts the lags and compares one approach each', () => {
    const command = readCommandLine(['--sweep=5s,0s,5s']);
    expect(command).toMatchObject({ sweep: { lagsMs: [0, 5_000] } });
    expect(!command.help && command.sweep?.scenarios.map(({ id }) => id)).toHaveLength(5);
  });
});
