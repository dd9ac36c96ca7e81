import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRetryReport } from '../../controllers/retry-report.ts';
import { createWorkQueue, type WorkQueue } from '../../controllers/work-queue.ts';
import { createRandom } from '../../network/random.ts';
import { StatusError } from '../../apiserver/status-error.ts';
import { waitFor } from '../../../shared/wait.ts';

const conflict = () => new StatusError(409, 'Conflict', 'another writer was faster');

describe('a controller that does not get on', () => {
  let queue: WorkQueue | undefined;
  let lines: string[];

  beforeEach(() => {
    lines = [];
  });
  afterEach(() => queue?.close());

  /** Fails so often, then works. */
  async function work(failures: number, error: () => Error): Promise<void> {
    let tries = 0;
    queue = createWorkQueue({
      controller: 'shop-controller',
      delay: 0,
      random: createRandom(1),
      say: (line) => lines.push(line),
      work() {
        tries += 1;
        if (tries <= failures) throw error();
      },
    });
    queue.add('default/shop');
    await waitFor(() => tries > failures, { deadlineMs: 10_000, what: 'the work to succeed' });
  }

  it('says at once, and once, what it did not foresee, with the place', async () => {
    await work(4, () => new TypeError('x is not a function'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^shop-controller: default\/shop failed once and is tried again: TypeError: x is not a function at .+work-queue\.test\.ts/,
    );
  });

  it('says nothing of a refusal that is over at the next try', async () => {
    await work(3, conflict);
    expect(lines).toEqual([]);
  });

  it('says a refusal that goes on', async () => {
    await work(9, conflict);
    expect(lines).toEqual([
      'shop-controller: default/shop failed 8 times and is tried again: another writer was faster',
    ]);
  });
});

describe('the report on a thousand objects in trouble', () => {
  it('is a line in ten seconds, and says how many it left out and that all is well again', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const report = createRetryReport({
      controller: 'c',
      say: (line) => lines.push(line),
      now: () => nowMs,
    });
    for (let key = 0; key < 1_000; key += 1) report.failed(`ns/${key}`, 1, 'broken');
    expect(lines).toEqual(['c: ns/0 failed once and is tried again: broken']);
    nowMs = 10_000;
    report.failed('ns/0', 2, 'broken');
    expect(lines).toHaveLength(1);
    report.worked('ns/0');
    report.worked('ns/never-failed');
    expect(lines.slice(1)).toEqual(['c: ns/0 is in order again (and 999 more since the last word)']);
  });
});
