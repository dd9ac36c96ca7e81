/** The routes that name the old version name the new one, and every proxy shows that it has exactly this revision. */
import { resources } from '../../shared/resources.ts';
import { letGo } from '../changes/autoscaler.ts';
import { changeSpec } from '../changes/change-object.ts';
import { virtualServiceReference } from '../routing/istio-names.ts';
import { patience } from '../proofs/deadline.ts';
import type { Proof } from '../proofs/prove-everywhere.ts';
import { namesByRoot } from '../routing/virtual-service/route-holder.ts';
import { requestsSeen } from '../proofs/requests-seen.ts';
import {
  createMarker,
  hasMarker,
  namedSubsets,
  redirect,
} from '../routing/virtual-service/virtual-service.ts';
import type { Redirection } from '../routing/virtual-service/virtual-service.ts';
import type { Step, SwitchContext } from '../types.ts';
import { leavingOf, proveUnused } from './drain-old.ts';
import { keepUp } from '../changes/keep-up.ts';

export const shiftTraffic: Step = {
  name: 'shift-traffic',
  title: ({ to }) => `Send all traffic to ${to}`,
  onFailure: 'undo',
  movesTraffic: true,
  async run(context) {
    const { from, to, marker, options } = context;
    if ((options.canary ?? []).length > 0) await keepUp(context);
    const proof = await moveRoutes(context, { from, to, share: 100, marker });
    return { detail: `all ${proof.proxies} proxies route to ${to}, none to ${from}`, proof };
  },
  undoTitle: ({ from }) => `Send all traffic back to ${from}`,
  async undo(context) {
    const { from, to, marker, record } = context;
    const back = createMarker(to, from, record.id);
    const proof = await moveRoutes(context, {
      from: to,
      to: from,
      share: 100,
      marker: back,
      // A route of somebody else's that named the new version all along stays.
      only: (route) => hasMarker(route, marker),
    });
    const unused = keepsNew(context) ? undefined : await proveUnused(context, to);
    await letGo(context, from);
    return {
      detail: `all ${proof.proxies} proxies route to ${from}`,
      proof: { ...proof, requests: requestsSeen([proof, ...(unused ? [unused] : [])]) },
    };
  },
};

/** Nothing of the new version is taken away after this: whoever uses it (a route of somebody else's) may go on. */
function keepsNew({ to, record: { before }, options, known, target }: SwitchContext): boolean {
  if (namedSubsets(known.virtualService, target).has(to)) return true;
  return before?.subset === true && (before.deployment || options.keepFailed === true);
}

/** Writes the routes and waits for proof B. */
export async function moveRoutes(context: SwitchContext, redirection: Redirection): Promise<Proof> {
  const { known, prover, target, namespace } = context;
  const http = redirect(known.virtualService.spec.http ?? [], redirection, target);
  known.virtualService = await changeSpec(context, resources.virtualServices, known.virtualService, { http });
  const names = new Set(http.map(({ name = '' }) => name));
  // During an undo somebody's own route may rightly name the version that is left.
  const forbidden = namedSubsets(known.virtualService, target).has(redirection.from)
    ? undefined
    : redirection.from;
  const shared =
    redirection.share < 100 ? { subset: redirection.from, marker: redirection.marker } : undefined;
  const leaving = forbidden === undefined ? undefined : leavingOf(context, forbidden);
  const { virtualService } = known;
  const reference = virtualServiceReference(namespace, virtualService.metadata.name);
  const roots = namesByRoot(known, names);
  return prover.routes(
    { host: target.host, reference, names, roots, forbidden, shared, virtualService, leaving },
    patience(context),
  );
}
