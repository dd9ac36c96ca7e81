import { parseDurationMs } from '../istiod/durations.ts';
import type { FaultJson } from '../xds-types.ts';

const DENOMINATORS: Record<string, number> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

function happens(percentage: { numerator: number; denominator: string }): boolean {
  return Math.random() * (DENOMINATORS[percentage.denominator] ?? 100) < percentage.numerator;
}

/** Delays or aborts a share of the requests before they are routed. */
export function injectFault(
  fault: FaultJson,
  act: { delay(ms: number, then: () => void): void; abort(status: number): void; go(): void },
): void {
  const { abort, delay } = fault;
  const proceed = () =>
    abort !== undefined && happens(abort.percentage) ? act.abort(abort.http_status) : act.go();
  if (delay !== undefined && happens(delay.percentage))
    act.delay(parseDurationMs(delay.fixed_delay) ?? 0, proceed);
  else proceed();
}
