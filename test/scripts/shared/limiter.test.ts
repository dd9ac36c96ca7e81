import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLimiter, type Limiter } from '../../../scripts/shared/limiter.ts';

/** Longer than a proxy may take to answer before it counts as slow, in milliseconds. */
const SLOW_MS = 1001;
let now = 0;
beforeEach(() => {
  now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void jest.restoreAllMocks());

/** Everything that can go on now has gone on. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Questions that are answered when the test says so. */
function ask(limit: Limiter, count: number) {
  const open: { answer: () => void; fail: (error: Error) => void }[] = [];
  let most = 0;
  const asked = Array.from({ length: count }, () =>
    limit(
      () =>
        new Promise<void>((resolve, reject) => {
          open.push({ answer: resolve, fail: reject });
          most = Math.max(most, open.length);
        }),
    ),
  );
  return {
    asked,
    underWay: () => open.length,
    most: () => most,
    async answerOne() {
      open.shift()?.answer();
      await settled();
    },
    async failOne() {
      open.shift()?.fail(new Error('connection refused'));
      await settled();
    },
    async answerAll() {
      await settled();
      while (open.length > 0) {
        open.shift()?.answer();
        await settled();
      }
      await Promise.all(asked);
    },
  };
}

/** As many slow answers, one after another. */
async function slow(limit: Limiter, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await limit(() => Promise.resolve((now += SLOW_MS)));
}
/** How many it lets through at once. */
async function widthOf(limit: Limiter): Promise<number> {
  const questions = ask(limit, 100);
  await settled();
  const width = questions.underWay();
  await questions.answerAll();
  return width;
}

describe('the limiter', () => {
  it('asks ten at once, the others in their order as places get free', async () => {
    const limit = createLimiter();
    const questions = ask(limit, 12);
    await settled();
    expect(questions.underWay()).toBe(10);
    await questions.answerOne();
    expect(questions.underWay()).toBe(10);
    await questions.answerAll();
    const one = createLimiter(1);
    const began: number[] = [];
    await Promise.all([1, 2, 3, 4].map((n) => one(() => Promise.resolve(began.push(n)))));
    expect(began).toEqual([1, 2, 3, 4]);
  });

  it('asks half as many after a slow answer, and two at least', async () => {
    const limit = createLimiter();
    await slow(limit, 1);
    expect(await widthOf(limit)).toBe(5);
    await slow(limit, 10);
    expect(await widthOf(limit)).toBe(2);
  });

  it('asks more while answers are quick and others wait, and forty at most', async () => {
    const limit = createLimiter(2);
    const few = ask(limit, 30);
    await few.answerAll();
    expect(few.most()).toBeGreaterThan(5);
    const many = ask(limit, 2000);
    await many.answerAll();
    expect(many.most()).toBe(40);
  });

  it('asks no more for quick answers that nobody waited behind', async () => {
    const limit = createLimiter(2);
    for (let n = 0; n < 50; n += 1) await limit(() => Promise.resolve());
    expect(await widthOf(limit)).toBe(2);
  });

  it('gives the place of a question that failed to the next, and hands on the failure', async () => {
    const limit = createLimiter(2);
    const questions = ask(limit, 3);
    const outcomes = Promise.allSettled(questions.asked);
    await settled();
    expect(questions.underWay()).toBe(2);
    await questions.failOne();
    expect(questions.underWay()).toBe(2);
    await questions.answerAll().catch(() => undefined);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });
});
