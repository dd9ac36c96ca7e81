/** The last proof: the proxy has forgotten the version. No cluster of that subset is active or warming. */
import { parseClusterName } from '../../../shared/istio/names.ts';
import { proven, unproven, unreadableIn } from '../verdict.ts';
import type { ClustersDump } from '../../../shared/istio/envoy-answers.ts';
import type { Verdict } from '../verdict.ts';
import { behind } from './barrier.ts';

export interface ExpectedGone {
  host: string;
  subset: string;
  /** A subset that only this revision of the DestinationRule has: the dumps are of all clusters then. */
  barrier?: string | undefined;
  /** Whether the DestinationRule is exported to the proxy: else it need not have a subset. Default true. */
  isExported?: boolean;
}

export function evaluateGone(
  { active, warming }: { active: ClustersDump; warming: ClustersDump },
  { host, subset, barrier, isExported = true }: ExpectedGone,
): Verdict {
  const odd = unreadableIn(active, 'cluster') ?? unreadableIn(warming, 'cluster');
  if (odd !== undefined) return unproven(`cannot read ${odd}`);
  const known = [...(active.configs ?? []), ...(warming.configs ?? [])]
    .map(({ cluster }) => parseClusterName(cluster?.name ?? ''))
    .filter((name) => name !== undefined)
    .filter((name) => name.host === host);
  const left = known.find((name) => name.subset === subset);
  if (left !== undefined) return unproven(`still knows subset ${subset} (port ${left.port})`);
  if (barrier === undefined) return proven();
  // A proxy that has nothing of the service, or of this DestinationRule, has nothing to prove.
  if (!isExported && known.every((name) => name.subset === '')) return proven(false);
  const has = (port: number) => known.some((name) => name.port === port && name.subset === barrier);
  const late = known.find(({ port }) => !has(port));
  return late === undefined ? proven(known.length > 0) : unproven(behind(barrier, late.port));
}
