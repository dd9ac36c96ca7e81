/** The way between an operator and the API server: how long it takes, and what is lost on it. */
import type { Prng } from '../time/prng.ts';

export interface NetworkWeather {
  /** One way, in milliseconds. */
  latencyMs: readonly [number, number];
  /** How likely a call fails before the server has done anything. */
  failures: number;
  /** How likely the answer to a call that was carried out is lost. */
  losses: number;
  /** How likely a call hangs until its time is up. */
  hangs: number;
}

/** What becomes of one call. */
export type Fate =
  | { kind: 'answered' }
  /** Not carried out. */
  | { kind: 'refused'; status: number; reason: string }
  /** Carried out, and nobody hears of it. */
  | { kind: 'lost'; status: number; reason: string }
  /** Nothing comes back; carried out or not. */
  | { kind: 'hangs'; isCarriedOut: boolean };

export interface Network {
  /** From now on nothing gets through any more. */
  cut(): void;
  latencyMs(): number;
  /** Some call was not answered as it should have been. */
  hasFailed(): boolean;
  fate(): Fate;
  weather: NetworkWeather;
}

export const CALM_NETWORK: NetworkWeather = { latencyMs: [5, 25], failures: 0, losses: 0, hangs: 0 };

const REFUSALS = [
  { status: 500, reason: 'InternalError' },
  { status: 503, reason: 'ServiceUnavailable' },
  { status: 429, reason: 'TooManyRequests' },
  { status: 0, reason: 'ECONNREFUSED' },
  { status: 0, reason: 'ECONNRESET' },
] as const;
const LOSSES = [
  { status: 0, reason: 'ECONNRESET' },
  { status: 0, reason: 'UND_ERR_SOCKET' },
  { status: 504, reason: 'Timeout' },
  { status: 500, reason: 'InternalError' },
] as const;

export function createNetwork(prng: Prng, weather: NetworkWeather): Network {
  let isCut = false;
  let hasFailed = false;
  const self: Network = {
    weather,
    cut() {
      isCut = true;
    },
    latencyMs: () => prng.between(...self.weather.latencyMs),
    hasFailed: () => hasFailed,
    fate() {
      const drawn = draw();
      hasFailed ||= drawn.kind !== 'answered';
      return drawn;
    },
  };
  function draw(): Fate {
    if (isCut) return { kind: 'refused', status: 0, reason: 'ECONNRESET' };
    const { failures, losses, hangs } = self.weather;
    const chance = prng.next();
    if (chance < failures) return { kind: 'refused', ...prng.pick(REFUSALS) };
    if (chance < failures + losses) return { kind: 'lost', ...prng.pick(LOSSES) };
    if (chance < failures + losses + hangs) return { kind: 'hangs', isCarriedOut: prng.chance(0.5) };
    return { kind: 'answered' };
  }
  return self;
}
