import type { JsonObject } from '../../../storage/json.ts';
import type { ResourceType } from '../resource-type.ts';
import { resourceKey } from '../../../storage/resource-key.ts';
import type { AdmissionStore } from './admission-store.ts';
import { applyLimitRanges, checkLimitRanges } from './limit-range.ts';
import { checkPodSecurity } from './pod-security.ts';
import { checkQuotas } from './quota.ts';

/** The built-in plugins that change an object before it is validated. */
export function changeOnCreate(store: AdmissionStore, type: ResourceType, draft: JsonObject): void {
  if (resourceKey(type) === 'v1/pods') applyLimitRanges(store, draft);
}

/** The built-in plugins that refuse one. @throws a 403 Status in the plugin's words */
export function refuseOnCreate(store: AdmissionStore, type: ResourceType, draft: JsonObject): void {
  if (!type.namespaced) return;
  if (resourceKey(type) === 'v1/pods') {
    checkLimitRanges(store, type, draft);
    checkPodSecurity(store, type, draft);
  }
  checkQuotas(store, type, draft);
}
