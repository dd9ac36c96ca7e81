import type { RetryPolicyJson } from '../xds-types.ts';
import { formatDuration, parseDurationMs } from './durations.ts';
import type { HttpRetry } from './istio-objects.ts';

const DEFAULT_CONDITIONS = 'connect-failure,refused-stream,unavailable,cancelled';
const PREVIOUS_HOSTS = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  },
};

/**
 * What Istio gives every HTTP route that says nothing: 2 more
 * attempts, on another host, and never after the request was sent.
 */
export const DEFAULT_RETRY_POLICY: RetryPolicyJson = {
  retry_on: `${DEFAULT_CONDITIONS},retriable-status-codes`,
  num_retries: 2,
  retry_host_predicate: [PREVIOUS_HOSTS],
  host_selection_retry_max_attempts: '5',
};

/** A VirtualService's retries; `attempts: 0` turns them off (undefined). */
export function retryPolicy(retries: HttpRetry | undefined): RetryPolicyJson | undefined {
  if (retries === undefined) return DEFAULT_RETRY_POLICY;
  if ((retries.attempts ?? 0) <= 0) return undefined;
  const tokens = (retries.retryOn ?? DEFAULT_CONDITIONS)
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '');
  const codes = tokens.filter((token) => /^[1-5]\d\d$/.test(token)).map(Number);
  const conditions = tokens.filter((token) => !/^[1-5]\d\d$/.test(token));
  if ((codes.length > 0 || retries.retryOn === undefined) && !conditions.includes('retriable-status-codes')) {
    conditions.push('retriable-status-codes');
  }
  const perTryMs = parseDurationMs(retries.perTryTimeout ?? '');
  return {
    retry_on: conditions.join(','),
    num_retries: retries.attempts ?? 0,
    ...(perTryMs === undefined ? {} : { per_try_timeout: formatDuration(perTryMs) }),
    ...(retries.retryIgnorePreviousHosts === false ? {} : { retry_host_predicate: [PREVIOUS_HOSTS] }),
    host_selection_retry_max_attempts: '5',
    ...(codes.length > 0 ? { retriable_status_codes: codes } : {}),
  };
}
