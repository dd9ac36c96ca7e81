import { parseDurationMs } from '../istiod/durations.ts';
import type { FaultJson } from '../xds-types.ts';

const DENOMINATORS: Record<string, number> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/**
 * Draws whether a share of all requests has this one; no share is all of them, one without a denominator
 * is in percent.
 */
export function isChosen(share: { numerator: number; denominator?: string } | undefined): boolean {
  if (share === undefined) return true;
  return Math.random() * (DENOMINATORS[share.denominator ?? 'HUNDRED'] ?? 100) < share.numerator;
}

/** Delays or aborts a share of the requests before they are routed. */
export function injectFault(
  fault: FaultJson,
  act: { delay(ms: number, then: () => void): void; abort(status: number): void; go(): void },
): void {
  const { abort, delay } = fault;
  const proceed = () =>
    abort !== undefined && isChosen(abort.percentage) ? act.abort(abort.http_status) : act.go();
  if (delay !== undefined && isChosen(delay.percentage))
    act.delay(parseDurationMs(delay.fixed_delay) ?? 0, proceed);
  else proceed();
}
