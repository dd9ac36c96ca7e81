/** One switch under load while something happens, and what has to be true afterwards. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Account } from '../../../scripts/load/index.ts';
import {
  runSwitch,
  silentReporter,
  type SwitchOptions,
  type SwitchResult,
} from '../../../scripts/switch/index.ts';
import { root } from '../../support/cluster.ts';
import {
  liveVersion,
  only,
  other,
  settings,
  standing,
  startQuickCoffee,
  type QuickCoffee,
} from './quick-coffee.ts';

export interface Told {
  result: SwitchResult;
  account: Account;
}

export interface Weather {
  readonly coffee: QuickCoffee;
  /** The version that serves when a test begins, and the other one. */
  from: string;
  to: string;
  /**
   * Switches under load; when a step begins, what belongs to its name happens, and what belongs to `held`
   * when a share is held. Every one of these must have happened.
   */
  switchWhile(happening: Record<string, () => unknown>, options?: Partial<SwitchOptions>): Promise<Told>;
  /** It went on: `to` and nothing else, nothing lost, and the last line says so. */
  expectSwitched(told: Told): Promise<void>;
  /**
   * It was taken back because that was asked for: `from` and nothing
   * else, nothing lost, and the last line says so.
   */
  expectTakenBack(told: Told): Promise<void>;
  /** It was taken back for that reason: `from` and nothing else, nothing lost, and the last line says so. */
  expectUndone(told: Told, why: RegExp): Promise<void>;
  /** An image whose only program is this text for `node -e`; it exits at SIGTERM. */
  image(name: string, program: string): string;
}

/**
 * How long a step may take here: a pod must come up on a busy machine,
 * and yet a test that waits for the end must end.
 */
export const STEP_TIMEOUT_MS = 12_000;

/** A quick coffee-shop for the tests of one file. */
export function useWeather(): Weather {
  let coffee: QuickCoffee | undefined;
  const started = () => {
    if (coffee === undefined) throw new Error('the coffee-shop has not started');
    return coffee;
  };
  beforeAll(async () => {
    coffee = await startQuickCoffee();
  }, 60_000);
  afterAll(() => coffee?.close());
  beforeEach(async () => {
    weather.from = await liveVersion(started());
    weather.to = other(weather.from);
  });
  afterEach(() => (started().onRequest = undefined));

  const weather: Weather = {
    get coffee() {
      return started();
    },
    from: '',
    to: '',
    async switchWhile(happening, options = {}) {
      let result: SwitchResult | undefined;
      const happened = new Map<string, Promise<unknown>>();
      const happen = (name: string) => {
        const what = happening[name];
        if (what !== undefined) happened.set(name, Promise.resolve(what()));
      };
      const { cluster } = started();
      const account = await started().underLoad(
        async () => {
          const told = {
            cluster,
            app: 'coffee-shop',
            to: weather.to,
            clusterFile: `${root}/istio/cluster.yaml`,
          };
          result = await runSwitch(
            { ...told, ...settings, stepTimeoutMs: STEP_TIMEOUT_MS, ...options },
            {
              ...silentReporter,
              stepStarted: (_title, name) => happen(name),
              progress: (text) => {
                if (text.startsWith('held: ') && !happened.has('held')) happen('held');
              },
            },
          );
          await Promise.all(happened.values());
        },
        { qps: 50, connections: 10, longestMs: 600_000 },
      );
      if (result === undefined) throw new Error('the switch did not run');
      // A run that ends before the step it is about shows nothing.
      expect({ happened: [...happened.keys()], why: result.error }).toEqual({
        happened: Object.keys(happening),
        why: result.error,
      });
      return { result, account };
    },
    async expectSwitched({ result, account }) {
      const { to } = weather;
      expect({ ok: result.ok, why: result.error }).toEqual({ ok: true, why: undefined });
      expect(result.message).toContain(`${to} serves all traffic`);
      expect(account).toMatchObject({ lost: 0, byReason: {} });
      expect(await standing(started())).toEqual(only(to));
    },
    async expectTakenBack({ result, account }) {
      const { from } = weather;
      expect({ ok: result.ok, why: result.error }).toEqual({ ok: true, why: undefined });
      expect(result).toMatchObject({ outcome: 'undone', live: from });
      expect(result.message).toContain(`${from} serves all traffic again`);
      expect(account).toMatchObject({ lost: 0, byReason: {} });
      expect(await standing(started())).toEqual(only(from));
    },
    async expectUndone({ result, account }, why) {
      const { from } = weather;
      expect(result.error).toMatch(why);
      expect(result).toMatchObject({ ok: false, outcome: 'undone', live: from });
      expect(result.message).toContain(`${from} still serves all traffic`);
      expect(account).toMatchObject({ lost: 0, byReason: {} });
      expect(await standing(started())).toEqual(only(from));
    },
    image(name, program) {
      started().playground.registerImage(name, [
        process.execPath,
        '-e',
        `process.on('SIGTERM',()=>process.exit());${program}`,
      ]);
      return `${name}:1`;
    },
  };
  return weather;
}
