/** A share of the traffic first, and evidence before more: the callers' own counters, both versions in the same time. */
import { CommandError } from '../../shared/errors.ts';
import { waitFor } from '../../shared/wait.ts';
import { fisherExact } from '../fisher.ts';
import type { Sample } from '../fisher.ts';
import { countBySubset, difference } from '../proofs/evidence.ts';
import type { ClusterStatuses } from '../proofs/envoy-answers.ts';
import { isPromoted } from '../promote.ts';
import { liveSubsets } from '../routes.ts';
import type { Step, SwitchContext } from '../types.ts';
import { moveRoutes, shiftTraffic } from './shift-traffic.ts';

/** Fewer answers from the new version say nothing. */
const LEAST_SAMPLE = 100;
/** So unlikely must the new version's errors be as chance before they count against it. */
const SIGNIFICANCE = 0.01;

/** Looked at again and again while a share is held: each look must be the more certain. */
const SIGNIFICANCE_WHILE_HELD = SIGNIFICANCE / 100;
/** How long a person may think about it, in milliseconds. */
const HOLD_MS = 24 * 3600 * 1000;

export function canaryStep(share: number, isFirst: boolean): Step {
  return {
    name: `canary-${share}`,
    title: ({ to }) => `Send ${share} % to ${to}`,
    onFailure: 'undo',
    async run(context) {
      const { from, to, marker, known, target } = context;
      const now = liveSubsets(known.virtualService, target).find(({ subset }) => subset === to)?.weight ?? 0;
      // A run that is continued does not go back to a smaller share.
      if (now > share) return { detail: `${to} has ${now} % already` };
      const proof = await moveRoutes(context, { from, to, share, marker: `${marker}-p${share}` });
      return { detail: await gatherEvidence(context, share), proof };
    },
    // One way back for all shares.
    ...(isFirst && shiftTraffic.undo
      ? {
          undo: shiftTraffic.undo.bind(shiftTraffic),
          undoTitle: ({ from }: SwitchContext) => `Send all traffic back to ${from}`,
        }
      : {}),
  };
}

async function gatherEvidence(context: SwitchContext, share: number): Promise<string> {
  const { options, to, from, stepTimeoutMs, signal, reporter } = context;
  const before = await countEverywhere(context);
  let fresh: Sample = { requests: 0, errors: 0 };
  const seen = () => `${fresh.requests} of ${LEAST_SAMPLE} answers of ${to}`;
  const old = await waitFor(
    async () => {
      const now = await countEverywhere(context);
      fresh = difference(now.get(to), before.get(to));
      reporter.progress(seen());
      return fresh.requests >= LEAST_SAMPLE ? difference(now.get(from), before.get(from)) : undefined;
    },
    {
      deadlineMs: stepTimeoutMs,
      what: `enough traffic to judge ${to} by`,
      lastSeen: seen,
      intervalMs: 500,
      signal,
    },
  );
  const counted = judge(context, fresh, old, SIGNIFICANCE);
  return options.hold ? await holdForYes(context, share, before) : counted;
}

/** Says what was counted; throws when the new version's errors would hardly come about by chance. */
function judge({ from, to }: SwitchContext, fresh: Sample, old: Sample, significance: number): string {
  const chance = fisherExact(fresh, old);
  const counted = `${to} ${fresh.errors} errors of ${fresh.requests}, ${from} ${old.errors} of ${old.requests}`;
  if (chance < significance) {
    throw new CommandError(
      `${to} is worse than ${from}: ${counted} (by chance once in ${Math.round(1 / chance)})`,
    );
  }
  return counted;
}

/** Waits for a person's yes, and goes on looking meanwhile. */
async function holdForYes(
  context: SwitchContext,
  share: number,
  before: Map<string, Sample>,
): Promise<string> {
  const { options, cluster, app, from, to, record, signal, reporter } = context;
  const which = `${app === 'coffee-shop' ? '' : ` --app ${app}`}${options.sameCluster ?? ''}`;
  reporter.note(`held at ${share} %; to go on: npm run switch -- --promote${which}`);
  return waitFor(
    async () => {
      const now = await countEverywhere(context);
      const fresh = difference(now.get(to), before.get(to));
      const old = difference(now.get(from), before.get(from));
      const counted = judge(context, fresh, old, SIGNIFICANCE_WHILE_HELD);
      reporter.progress(`held: ${counted}`);
      return (await isPromoted(cluster, app, { id: record.id, share })) ? counted : undefined;
    },
    { deadlineMs: HOLD_MS, what: `a yes to ${share} %`, intervalMs: 1000, signal },
  );
}

async function countEverywhere({ mesh, target, signal }: SwitchContext): Promise<Map<string, Sample>> {
  const total = new Map<string, Sample>();
  const proxies = (await mesh.list(signal)).filter(
    ({ uid, terminating }) => uid !== undefined && !terminating,
  );
  const counts = await Promise.all(
    proxies.map(async (proxy) => {
      // Evidence, not proof: a proxy that does not answer now is missing in the sample, no more.
      const statuses = await mesh
        .ask<ClusterStatuses>(proxy, '/clusters?format=json', signal)
        .catch((): ClusterStatuses => ({}));
      return countBySubset(statuses, target.host);
    }),
  );
  for (const [subset, { requests, errors }] of counts.flatMap((count) => [...count])) {
    const sum = total.get(subset) ?? { requests: 0, errors: 0 };
    total.set(subset, { requests: sum.requests + requests, errors: sum.errors + errors });
  }
  return total;
}
