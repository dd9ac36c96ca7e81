import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { DeadlineError, pause, waitFor } from '../../../scripts/shared/wait.ts';

describe('waitFor', () => {
  it('returns what the condition finally gives', async () => {
    let looks = 0;
    const value = await waitFor(() => (++looks < 3 ? undefined : `look ${looks}`), {
      deadlineMs: 5000,
      what: 'three looks',
      intervalMs: 1,
    });
    expect(value).toBe('look 3');
  });

  it('takes zero and the empty string for answers', async () => {
    expect(await waitFor(() => 0, { deadlineMs: 1000, what: 'a number' })).toBe(0);
    expect(await waitFor(() => '', { deadlineMs: 1000, what: 'a text' })).toBe('');
  });

  it('names what it waited for and what it last saw when the deadline passes', async () => {
    const waiting = waitFor(() => false, {
      deadlineMs: 30,
      intervalMs: 5,
      what: 'coffee-shop-v2 to be ready',
      lastSeen: () => '1/2 pods ready',
    });
    await expect(waiting).rejects.toThrow('waited 30 ms for coffee-shop-v2 to be ready (1/2 pods ready)');
    await expect(waiting).rejects.toBeInstanceOf(DeadlineError);
  });

  it('looks at least once, even without any time', async () => {
    expect(await waitFor(() => true, { deadlineMs: 0, what: 'nothing' })).toBe(true);
  });

  it('ends at once when the condition throws', async () => {
    const broken = () => {
      throw new Error('no such Deployment');
    };
    await expect(waitFor(broken, { deadlineMs: 60_000, what: 'it' })).rejects.toThrow('no such Deployment');
  });

  it('ends with the reason of the signal', async () => {
    const controller = new AbortController();
    const waiting = waitFor(() => false, { deadlineMs: 60_000, what: 'never', signal: controller.signal });
    controller.abort(new Error('stopped by SIGINT'));
    await expect(waiting).rejects.toThrow('stopped by SIGINT');
    await expect(pause(60_000, controller.signal)).rejects.toThrow('stopped by SIGINT');
  });

  it('lets many waits hang on one signal without a warning', () => {
    // A process of its own: the warning goes to stderr, once per process.
    const program = `
      import { pause } from './scripts/shared/wait.ts';
      const { signal } = new AbortController();
      await Promise.all(Array.from({ length: 30 }, () => pause(1, signal)));
      console.log('done');`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', './load-typescript.mjs', '--input-type=module', '--eval', program],
      { cwd: path.resolve(import.meta.dirname, '../../..'), encoding: 'utf8' },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'done\n', stderr: '' });
  });
});
