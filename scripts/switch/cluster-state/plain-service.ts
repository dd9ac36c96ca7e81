/** A service that runs as one plain Deployment: its pods have no version label. */
import type { Deployment, Subset } from '../../shared/kubernetes.ts';
import { isUnfinished } from '../lock/switch-record.ts';
import type { Adopted, SwitchRecord } from '../lock/switch-record.ts';

/** The name that such pods get as a version. */
export const PLAIN = 'plain';

/**
 * The Deployment controller sets it on each pod.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label
 */
const HASH_LABEL = 'pod-template-hash';

export interface PlainService {
  /** The Deployments that the Service selects and whose pods have no version. */
  deployments: Deployment[];
  /** The template hashes of the pods without a version; '' for a pod that no Deployment made. */
  hashes: string[];
  /** The objects that the adoption has to create, as its record keeps them. */
  makes: Adopted['makes'];
  annotations: Adopted['annotations'];
}

/** The subset that selects the plain pods. */
export const plainSubset = (hash: string): Subset => ({ name: PLAIN, labels: { [HASH_LABEL]: hash } });

export const hashOf = (labels: Readonly<Record<string, string>> = {}): string => labels[HASH_LABEL] ?? '';

/** The subset of the plain pods while an adoption is under way; else undefined. */
export function plainIn(record: SwitchRecord | undefined): Subset | undefined {
  return isUnfinished(record) && record.adopts ? plainSubset(record.adopts.hash) : undefined;
}
