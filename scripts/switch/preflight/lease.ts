import { readLease } from '../lock/switch-record.ts';
import type { Check } from './check.ts';

/**
 * Notes a held Lease. Its run may be alive or killed: only waiting shows which, and the preflight does not
 * wait.
 */
export const leaseIsFree: Check = {
  title: 'nobody else is switching',
  async run({ context: { cluster, app } }) {
    const { metadata, spec } = (await readLease(cluster, app)) ?? {};
    if (metadata === undefined || !spec?.holderIdentity) return [];
    return [
      `${spec.holderIdentity} holds the Lease ${metadata.name}, renewed at ${spec.renewTime ?? 'no time'}: a switch stops while it is at work, and takes over ${spec.leaseDurationSeconds ?? 15} s after its end`,
    ];
  },
};
