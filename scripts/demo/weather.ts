import { formatDuration } from '../shared/duration.ts';
import type { DemoPlayground } from './playground.ts';
import type { Scenario, Weather } from './scenarios.ts';

/**
 * Rough: the one proxy on the path of the load learns nothing of the release
 * for `lagMs`, then catches up at once, as in a big mesh, with a busy istiod or
 * a restarting agent. Measured on a real gateway by stopping its pilot-agent.
 */
export function makeWeather(
  playground: DemoPlayground,
  { scenario, weather, lagMs }: { scenario: Scenario; weather: Weather; lagMs: number },
): void {
  if (weather === 'rough') playground.freeze(latePart(scenario), { forMs: lagMs });
}

export function describeWeather(scenario: Scenario, weather: Weather, lagMs: number): string {
  if (weather === 'calm') return 'delays as measured';
  return `${scenario.mesh ? 'the gateway' : 'the kube-proxy'} is ${formatDuration(lagMs)} late`;
}

export const latePart = ({ mesh }: Scenario): string => (mesh ? 'gateway' : 'kube-proxy');
