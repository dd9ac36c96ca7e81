/** A service that runs as one plain Deployment: its pods bear no version. */
import type { Deployment, Subset } from '../../shared/kubernetes.ts';
import { isUnfinished } from '../lock/switch-record.ts';
import type { Adopted, SwitchRecord } from '../lock/switch-record.ts';

/** What such pods are called as long as they serve. */
export const PLAIN = 'plain';

/**
 * On each pod of a Deployment.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
 */
const HASH_LABEL = 'pod-template-hash';

export interface PlainService {
  /** Those that the Service selects and whose pods bear no version. */
  deployments: Deployment[];
  /** Of the pods without a version; empty for a pod that no Deployment has made. */
  hashes: string[];
  /** What an adoption remembers besides. */
  makes: Adopted['makes'];
  annotations: Adopted['annotations'];
}

/** How the proxies are told of them. */
export const plainSubset = (hash: string): Subset => ({ name: PLAIN, labels: { [HASH_LABEL]: hash } });

export const hashOf = (labels: Readonly<Record<string, string>> = {}): string => labels[HASH_LABEL] ?? '';

/** The version that pods without one are while an adoption is under way. */
export function plainIn(record: SwitchRecord | undefined): Subset | undefined {
  return isUnfinished(record) && record.adopts ? plainSubset(record.adopts.hash) : undefined;
}
