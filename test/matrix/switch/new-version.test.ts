/** A new version that is no good: taken back, with the reason, before or as soon as anybody could notice. */
import { describe, expect, it } from '@jest/globals';
import { only, standing } from './quick-coffee.ts';
import { useWeather } from './weather.ts';

const weather = useWeather();

/** Live; ready as told; brews for whoever tries it out; answers orders with 500. */
const server = (ready: string) =>
  `require('http').createServer((q,r)=>{r.statusCode=q.url.startsWith('/health/ready')?(${ready}):q.url.startsWith('/orders')?500:200;r.setHeader('x-version',process.env.VERSION);r.end()}).listen(8080)`;

describe('a new version', () => {
  it('whose image is missing is taken back', async () => {
    const told = await weather.switchWhile({}, { image: 'nobody-built-this:1', stepTimeoutMs: 4000 });
    await weather.expectUndone(told, /0\/1 pods ready after .*(ErrImagePull|ImagePullBackOff)/);
  });

  it('that crashes again and again is taken back', async () => {
    const image = weather.image('crash', 'process.exit(3)');
    const told = await weather.switchWhile({}, { image, stepTimeoutMs: 4000 });
    await weather.expectUndone(told, /0\/1 pods ready after .*(CrashLoopBackOff|exit code 3)/);
  });

  it('that never becomes ready is taken back', async () => {
    const image = weather.image('unready', server('503'));
    const told = await weather.switchWhile({}, { image, stepTimeoutMs: 4000 });
    await weather.expectUndone(
      told,
      /0\/1 pods ready after .*\(pod coffee-shop-v\d-\S+: GET \S+ answered 503\)/,
    );
  });

  it('that is ready but cannot do its job is taken back before any traffic reaches it', async () => {
    const image = weather.image('idle', server('200').replace('/orders', '/coffee'));
    const told = await weather.switchWhile({}, { image });
    await weather.expectUndone(told, /pod coffee-shop-v\d-\S+: GET \/coffee answered 500/);
    expect(Object.keys(told.account.byVersion)).toEqual([weather.from]);
  });

  it('that is ready and then not is taken back before any traffic reaches it', async () => {
    // Ready until the gateway is frozen, so that the proof cannot be given while it still is.
    const image = weather.image(
      'relapse',
      `const since=Date.now();${server('Date.now()-since<5000?200:503')}`,
    );
    const told = await weather.switchWhile(
      { 'add-subset': () => weather.coffee.playground.freeze('gateway', { forMs: 9000 }) },
      { image },
    );
    await weather.expectUndone(told, /only 0\/1 pods of v\d are ready/);
    expect(Object.keys(told.account.byVersion)).toEqual([weather.from]);
  });

  it('that answers 500 is found by a canary, and taken back with the evidence', async () => {
    const { from, coffee } = weather;
    const { result, account } = await weather.switchWhile(
      {},
      { image: weather.image('broken', server('200')), canary: [20], stepTimeoutMs: 20_000 },
    );
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: from });
    expect(result.error).toMatch(/is worse than .*: v\d \d+ errors of \d+, v\d 0 of \d+/);
    // What the canary's share met is the price of finding out; nothing else is lost.
    expect(account.lost).toBeGreaterThan(0);
    expect(account.byStatus['500']).toBe(account.lost);
    expect(await standing(coffee)).toEqual(only(from));
  });
});
