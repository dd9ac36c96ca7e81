/** Gives the candidate a share of the traffic, and waits for evidence before the next share. */
import type { SwitchContext } from '../context.ts';
import { routed } from '../proofs/claims.ts';
import type { Move } from '../routing/traffic-routing.ts';
import { alreadySo, nothing } from '../step.ts';
import type { Step } from '../step.ts';
import { keepUp } from '../steps/keep-up.ts';
import { shiftBack } from '../steps/shift-traffic.ts';
import { createProxySource, withTally } from './evidence-source.ts';
import type { EvidenceSource } from './evidence-source.ts';
import { LEAST_OLD_SAMPLE, LEAST_SAMPLE, gatherEvidence } from './gather-evidence.ts';
import { metricLabelOf } from './metric-label.ts';
import { createPrometheusSource, queriesFor } from './prometheus-source.ts';

export function canaryStep(share: number, isFirst: boolean): Step {
  const moveOf = ({ from, to, marker }: SwitchContext): Move => ({
    from,
    to,
    share,
    marker: `${marker}-p${share}`,
  });
  /** A continued run does not return to a smaller share. */
  const isPast = ({ lastSeen, from, to }: SwitchContext) => lastSeen.shareOf(from, to) > share;
  return {
    name: `canary-${share}`,
    title: ({ to }) => `Send ${share} % to ${to}`,
    share,
    onFailure: 'undo',
    before: keepUp((context) => !isFirst && !isPast(context)),
    changes: (context) =>
      isPast(context) ? nothing() : Promise.resolve(context.lastSeen.move(moveOf(context))),
    claim(context) {
      const { from, to, lastSeen } = context;
      const text = evidenceText(context);
      if (isPast(context))
        return alreadySo(`${to} has ${Math.round(lastSeen.shareOf(from, to))} % already`, text);
      return {
        text,
        async prove() {
          const { proof } = await routed(context, moveOf(context)).prove();
          const source = withTally(sourceOf(context), [from, to]);
          const detail = await gatherEvidence(context, share, source);
          return { detail, proof: proof && { ...proof, requests: source.requests() } };
        },
      };
    },
    // One roll back for all shares.
    ...(isFirst ? { undo: shiftBack } : {}),
  };
}

function evidenceText(context: SwitchContext): string {
  const { from, to, options, lastSeen } = context;
  const { prometheus } = options;
  const judged = `B for this share, then at least ${LEAST_SAMPLE} answers of ${to} and ${LEAST_OLD_SAMPLE} of ${from} with no more errors and no more slow ones than ${from}`;
  if (prometheus === undefined) return `${judged} (as the callers' proxies count them)`;
  const { requests, errors, latencies } = queriesFor(lastSeen.hosts, 'N', labelOf(context));
  return `${judged} (as Prometheus at ${prometheus} counts them: ${requests}; ${errors}; ${latencies})`;
}

function sourceOf(context: SwitchContext): EvidenceSource {
  const { options, mesh, clock, lastSeen } = context;
  const { prometheus: url } = options;
  const label = labelOf(context);
  return url === undefined
    ? createProxySource({ mesh, routing: lastSeen, label })
    : createPrometheusSource({ url, hosts: lastSeen.hosts, label, clock });
}

const labelOf = ({ lastSeen, from, to }: SwitchContext) => metricLabelOf(lastSeen.labelsLike(to, from), to);
