/** The last proof: the proxy has no cluster of the version's subset any more, active or warming. */
import { parseClusterName } from '../../../shared/istio/names.ts';
import { proven, unproven, unreadableIn } from '../verdict.ts';
import type { ClustersDump } from '../../../shared/istio/envoy-answers.ts';
import type { Verdict } from '../verdict.ts';

export function evaluateGone(
  { active, warming }: { active: ClustersDump; warming: ClustersDump },
  { host, subset }: { host: string; subset: string },
): Verdict {
  const odd = unreadableIn(active, 'cluster') ?? unreadableIn(warming, 'cluster');
  if (odd !== undefined) return unproven(`cannot read ${odd}`);
  const left = [...(active.configs ?? []), ...(warming.configs ?? [])]
    .map(({ cluster }) => parseClusterName(cluster?.name ?? ''))
    .find((name) => name?.host === host && name.subset === subset);
  return left === undefined ? proven() : unproven(`still knows subset ${subset} (port ${left.port})`);
}
