/** Text that says which versions serve. */
import type { LiveVersion } from '../routing/traffic-routing.ts';

/** `v1 serves all traffic`, or `v1 serves 95 % and v2 5 % of all traffic`. */
export function describeServing(live: LiveVersion[]): string {
  if (live.length === 0) return 'nobody serves any traffic';
  if (live.length === 1) return `${describeLive(live)} serves all traffic`;
  const [first, ...others] = live.map(({ subset, weight }) => ({
    version: subset || 'every version',
    weight,
  }));
  const more = others.map(({ version, weight }) => `${version} ${weight} %`);
  return `${first?.version ?? ''} serves ${first?.weight ?? 0} % and ${more.join(', ')} of all traffic`;
}

/** `v1`, or `v1 95 %, v2 5 %`. */
export function describeLive(live: LiveVersion[]): string {
  if (live.length === 0) return 'nobody';
  return live.length === 1
    ? (live[0]?.subset ?? '') || 'every version'
    : live.map(({ subset, weight }) => `${subset} ${weight} %`).join(', ');
}
