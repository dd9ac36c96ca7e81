/**
 * Proof C: nobody uses the leaving version any more. Every proxy counts requests per upstream host. For the
 * leaving pods' addresses it must show no active request, and no new one for a while, in any cluster of the
 * proxy. A pod's own sidecar lists the pod itself for incoming requests.
 */
import { proven, unproven } from '../routing/verdict.ts';
import type { Verdict } from '../routing/verdict.ts';
import type { HostLoad } from '../routing/host-load.ts';

/** A caller's cluster, not the pod's own inbound one: a request passes through both and counts once. */
const isCallers = (host: string) => host.startsWith('outbound|');

/** Watches one proxy. It is quiet after `quietMs` without an active or a new request. */
export function createQuietWatch(
  quietMs: number,
  /** Called with the number of callers' requests since the last poll. */
  onSent: (requests: number) => void = () => undefined,
): (load: HostLoad, nowMs: number) => Verdict {
  let before: HostLoad | undefined;
  let since = 0;
  return (load, nowMs) => {
    let fresh = 0;
    let sent = 0;
    for (const [host, total] of load.totals) {
      const earlier = before?.totals.get(host) ?? (before ? 0 : total);
      // A count lower than before was reset: all of it is new.
      const begun = total < earlier ? total : total - earlier;
      fresh += begun;
      if (isCallers(host)) sent += begun;
    }
    onSent(sent);
    const busy = load.active > 0 || fresh > 0 || load.unreadable !== undefined;
    if (before === undefined || busy) since = nowMs;
    before = load;
    if (load.unreadable !== undefined) return unproven(`cannot read ${load.unreadable}`);
    if (load.active > 0)
      return unproven(`${load.active} active request${load.active === 1 ? '' : 's'} on the old pods`);
    if (fresh > 0) return unproven(`${fresh} new request${fresh === 1 ? '' : 's'} on the old pods`);
    const forMs = nowMs - since;
    return forMs >= quietMs ? proven() : unproven(`quiet for ${Math.round(forMs)} ms`, quietMs - forMs);
  };
}
