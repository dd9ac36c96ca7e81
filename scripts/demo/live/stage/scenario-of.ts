import { findScenario, type Scenario } from '../../scenarios.ts';
import type { Standing } from './standing.ts';

/**
 * The demo's scenario for a release of the current setting. The demo
 * has no script with a correct pod: that one is made here.
 */
export function scenarioOf(
  way: Scenario['release'],
  { pod, sidecar }: Pick<Standing, 'pod' | 'sidecar'>,
  mesh: boolean,
): Scenario {
  const own = { pod, sidecar };
  if (!mesh) return findScenario(pod === 'naive' ? 'plain-naive' : 'plain-correct');
  if (way === 'switch')
    return { ...findScenario(pod === 'naive' ? 'istio-switch' : 'istio-switch-correct'), ...own };
  if (way === 'script' && pod === 'naive') return { ...findScenario('istio-script'), ...own };
  if (pod === 'naive') return { ...findScenario('istio-rolling-naive'), ...own };
  return { ...findScenario(sidecar === 'native' ? 'istio-rolling-native' : 'istio-rolling-classic'), ...own };
}
