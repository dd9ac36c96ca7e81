import type { CompiledRetryPolicy } from './route-table.ts';
import type { ResetReason } from './upstream-connection.ts';

const BASE_INTERVAL_MS = 25;
const MAX_INTERVAL_MS = 250;

/**
 * How far one request's retries have come.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
 */
export class RetryState {
  /** Attempts made after the first. */
  made = 0;
  readonly #policy: CompiledRetryPolicy | undefined;

  constructor(policy: CompiledRetryPolicy | undefined) {
    this.#policy = policy;
  }

  get exhausted(): boolean {
    return this.made >= (this.#policy?.attempts ?? 0);
  }

  /** Whether the body must be kept after it was sent, because a later failure may still be retried. */
  get mayRepeatSentRequests(): boolean {
    const conditions = this.#policy?.conditions;
    if (conditions === undefined) return false;
    return (
      ['5xx', 'gateway-error', 'reset', 'retriable-4xx'].some((one) => conditions.has(one)) ||
      (this.#policy?.statusCodes.size ?? 0) > 0
    );
  }

  onReset(reason: ResetReason, requestSent: boolean): boolean {
    const conditions = this.#policy?.conditions;
    if (conditions === undefined || this.exhausted) return false;
    if (conditions.has('5xx') || conditions.has('gateway-error') || conditions.has('reset')) return true;
    if (!requestSent && conditions.has('reset-before-request')) return true;
    return (
      conditions.has('connect-failure') &&
      (reason === 'remote connection failure' || reason === 'connection timeout')
    );
  }

  onStatus(status: number): boolean {
    return !this.exhausted && this.#isRetriable(status);
  }

  /** Whether an answer of this status was tried again as often as allowed. */
  gaveUpOn(status: number): boolean {
    return this.made > 0 && this.exhausted && this.#isRetriable(status);
  }

  #isRetriable(status: number): boolean {
    const policy = this.#policy;
    if (policy === undefined) return false;
    const { conditions, statusCodes } = policy;
    return (
      (status >= 500 && conditions.has('5xx')) ||
      (status >= 502 && status <= 504 && conditions.has('gateway-error')) ||
      (status === 409 && conditions.has('retriable-4xx')) ||
      (conditions.has('retriable-status-codes') && statusCodes.has(status))
    );
  }

  /** Full jitter over a doubling interval, in milliseconds. */
  nextDelayMs(): number {
    this.made += 1;
    return Math.random() * Math.min(BASE_INTERVAL_MS * (2 ** this.made - 1), MAX_INTERVAL_MS);
  }
}
