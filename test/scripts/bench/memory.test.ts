import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { keepsLimit } from '../../../scripts/bench/measured.ts';
import { partsOf } from '../../../scripts/bench/memory/resident.ts';
import type { Sample } from '../../../scripts/bench/memory/series.ts';
import { account } from '../../../scripts/bench/memory/under-load.ts';
import { waitFor } from '../../../scripts/shared/wait.ts';

const HOUR_MS = 3_600_000;

/** A sample every minute of an hour. */
const hour = (mbAt: (minute: number) => number, pidAt: (minute: number) => number = () => 1): Sample[] =>
  Array.from({ length: 61 }, (_, minute) => ({
    atMs: minute * 60_000,
    parts: [{ name: 'playground', pid: pidAt(minute), mb: mbAt(minute) }],
  }));

const broken = (samples: Sample[], loadMs = HOUR_MS): string[] =>
  account(samples, loadMs)
    .filter((result) => !keepsLimit(result))
    .map(({ name }) => name);

describe('the verdict on an hour of memory', () => {
  it('lets a heap fill up at first and waver later', () => {
    expect(broken(hour((minute) => 100 + 3 * Math.min(minute, 30) + 10 * (minute % 2)))).toEqual([]);
  });

  it('sees a part that keeps growing', () => {
    const growing = hour((minute) => 100 + minute);
    expect(broken(growing)).toEqual(['memory: trend of playground over the second half']);
    expect(account(growing, HOUR_MS)[1]).toMatchObject({ value: 60, unit: 'MB/h' });
    // Minutes say too little to judge by.
    expect(broken(growing, HOUR_MS / 20)).toEqual([]);
  });

  it('sees a part that was started again, and so gave back what it had grown by', () => {
    const again = hour(
      (minute) => 100 + (minute % 45),
      (minute) => (minute < 45 ? 1 : 2),
    );
    expect(broken(again)).toEqual(['memory: parts that came or went in the second half']);
  });

  it('sees what is too much from the start', () => {
    expect(broken(hour(() => 401))).toEqual([
      "memory: the playground's own processes at 500/s for 60 min, at most",
    ]);
  });
});

const onLinux = existsSync('/proc/self/status');

describe('the parts of a playground', () => {
  (onLinux ? it : it.skip)('are the processes below it, pods by their names', async () => {
    const parent = spawn('sh', ['-c', 'POD_NAME=one sleep 60 & exec sh -c "sleep 60 & wait"']);
    try {
      const names = () => partsOf(parent.pid ?? 0).map(({ name }) => name);
      await waitFor(() => names().includes('pod one') && names().includes('sleep'), {
        deadlineMs: 5_000,
        what: 'both to run',
      });
      expect(names().sort()).toEqual(['playground', 'pod one', 'sleep']);
      for (const { mb } of partsOf(parent.pid ?? 0)) expect(mb).toBeGreaterThan(0);
    } finally {
      for (const { pid } of partsOf(parent.pid ?? 0)) process.kill(pid, 'SIGKILL');
    }
  });
});
