/** The preflight: all checks before the first write. Reads only. */
import { describeServing } from '../cluster-state/describe-serving.ts';
import type { SwitchContext } from '../context.ts';
import { nothing } from '../step.ts';
import type { Proven, Step } from '../step.ts';
import { rightsFor, verifyAccess } from './access.ts';
import { noAmbientPods, notBoundToWaypoint } from './ambient.ts';
import { candidateIsSelected, currentIsKnown, versionsAreLeftToTheSwitch } from './candidate.ts';
import { bothVersionsFit } from './capacity.ts';
import { readFacts } from './check.ts';
import type { Check, Facts } from './check.ts';
import { prometheusAnswers } from './evidence.ts';
import { leaseIsFree } from './lease.ts';
import { keptByOthers } from './owners.ts';
import { askable, noFilter, rejecting, sidecars } from './proxies.ts';
import { lookAtOwners } from './reverting-owners.ts';
import { kindsAreKnown } from './rights.ts';
import { autoscalersKeepTheSize } from './scaling.ts';
import { verifyVersions } from './versions.ts';
import { candidateCanBecomeReady, nothingEnds, serviceSelects } from './waiting-helps.ts';

/** The checks that need no list of proxies. */
const first: Check[] = [
  kindsAreKnown,
  serviceSelects,
  versionsAreLeftToTheSwitch,
  nothingEnds,
  candidateIsSelected,
  candidateCanBecomeReady,
  leaseIsFree,
  { title: 'nobody else routes the host', run: ({ context }) => context.lastSeen.verify(context) },
  {
    title: 'nobody writes the old state over the new one',
    run: ({ context, current, existing }) => lookAtOwners(context, [current, existing]),
  },
];

const then: Check[] = [
  noAmbientPods,
  notBoundToWaypoint,
  noFilter,
  rejecting,
  askable,
  prometheusAnswers,
  currentIsKnown,
  bothVersionsFit,
  autoscalersKeepTheSize,
  { title: 'what the shares come to', run: ({ context }) => resultingShares(context) },
  keptByOthers,
  sidecars,
  { title: 'who else uses the versions', run: ({ context }) => context.lastSeen.remarks(context) },
];

/** @param own further checks, which run first */
export const preflightWith = (own: readonly Check[]): Step => ({
  name: 'preflight',
  title: () => 'Preflight',
  onFailure: 'stop',
  changesNothing: true,
  changes: nothing,
  claim: (context) => ({ text: '', prove: () => lookAtAll(context, own) }),
});

export const preflight: Step = preflightWith([]);

async function lookAtAll(context: SwitchContext, own: readonly Check[]): Promise<Proven> {
  const { cluster, mesh, signal, to } = context;
  await verifyAccess(cluster, signal, { rights: rightsFor(context.lastSeen).toSwitch });
  const known = await readFacts(context);
  const notes = await runAll([...own, ...first], { ...known, proxies: [] });
  const facts: Facts = { ...known, proxies: await mesh.list(signal) };
  notes.push(...(await runAll(then, facts)));
  const { state, existing, proxies } = facts;
  const versions = verifyVersions((await cluster.version()).gitVersion, proxies, context.lastSeen.leastIstio);
  return {
    detail: `${describeServing(state.live)}, ${to} is ${existing ? 'deployed' : 'not deployed'}; ${proxies.length} proxies (${versions})`,
    proof: { proxies: proxies.length },
    notes,
  };
}

/** Runs checks one after another: the first refusal is reported. */
async function runAll(checks: readonly Check[], facts: Facts): Promise<string[]> {
  const notes: string[] = [];
  for (const check of checks) notes.push(...(await check.run(facts)));
  return notes;
}

/** One line for each route and share; none for a route whose whole traffic goes to the candidate. */
function resultingShares({
  lastSeen,
  from,
  to,
  marker,
  options: { canary = [] },
}: Pick<SwitchContext, 'lastSeen' | 'from' | 'to' | 'marker' | 'options'>): string[] {
  // A continued run does not return to a smaller share.
  const shares = [...canary, 100].filter((share) => share >= lastSeen.shareOf(from, to));
  return lastSeen.describeShares({ from, to, marker, shares });
}
