import { describe, expect, it } from '@jest/globals';
import { evaluateEndpoints } from '../../../../scripts/switch/routing/virtual-service/endpoints.ts';
import type {
  ClustersDump,
  EndpointsDump,
  RoutesDump,
} from '../../../../scripts/shared/istio/envoy-answers.ts';
import { evaluateGone } from '../../../../scripts/switch/routing/virtual-service/gone.ts';
import { evaluateRoutes } from '../../../../scripts/switch/routing/virtual-service/routes.ts';
import { host, recorded, reference, stages } from '../recorded.ts';

// A switch from v2 to v1, as a real gateway and a real sidecar answered at each stage of it.
const newPods = new Set(['10.244.0.90', '10.244.0.91']);

describe.each(['gateway', 'sidecar'])('a real %s through a switch', (who) => {
  const verdicts = (evaluate: (stage: string) => { proven: boolean }) =>
    stages.filter((stage) => evaluate(stage).proven);

  it('a real proxy shows the new pods from the stage on at which the subset was added', () => {
    const proven = verdicts((stage) =>
      evaluateEndpoints(recorded<EndpointsDump>(`${who}.endpoints.${stage}`), {
        host,
        subset: 'v1',
        ready: newPods,
      }),
    );
    expect(proven).toEqual([
      '3-subset-added',
      '4-canary-90-10',
      '5-route-shifted',
      '6-subset-removed',
      '7-old-deleted',
    ]);
  });

  it('a real proxy shows the new route only with the marker of the switch, and no canary counts for it', () => {
    const proven = verdicts((stage) =>
      evaluateRoutes(recorded<RoutesDump>(`${who}.routes.${stage}`), {
        host,
        reference,
        names: new Set(['stage-shifted']),
        forbidden: 'v2',
      }),
    );
    expect(proven).toEqual(['5-route-shifted', '6-subset-removed', '7-old-deleted']);
  });

  it('a real proxy shows a canary revision while both versions may be named', () => {
    const proven = verdicts((stage) =>
      evaluateRoutes(recorded<RoutesDump>(`${who}.routes.${stage}`), {
        host,
        reference,
        names: new Set(['stage-canary']),
      }),
    );
    expect(proven).toEqual(['4-canary-90-10']);
  });

  it('a real proxy has forgotten the old version from the stage on at which its subset was removed', () => {
    const proven = verdicts((stage) =>
      evaluateGone(
        {
          active: recorded<ClustersDump>(`${who}.active_clusters.${stage}`),
          warming: recorded<ClustersDump>(`${who}.warming_clusters.${stage}`),
        },
        { host, subset: 'v2' },
      ),
    );
    expect(proven).toEqual(['6-subset-removed', '7-old-deleted']);
  });
});
