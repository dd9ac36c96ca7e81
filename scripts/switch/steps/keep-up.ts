/** The current version may grow during a share: the candidate gets the same size before the next share. */
import { resources } from '../../shared/resources.ts';
import { holdSize } from '../changes/autoscaler.ts';
import { patchOf } from '../changes/change.ts';
import { verifyUnchanged } from '../changes/change-object.ts';
import { waitUntilReady } from '../cluster-state/wait-until-ready.ts';
import { findVersion, listVersions } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import { reachable } from '../proofs/claims.ts';
import type { Phase } from '../step.ts';

/**
 * Before the candidate gets more traffic: its subset still exists, and it has as many pods as the current
 * version, ready and known at every proxy.
 */
export function keepUp(isNeeded: (context: SwitchContext) => boolean): Phase {
  return {
    async changes(context) {
      const { cluster, from, to, lastSeen, marker } = context;
      if (!isNeeded(context)) return [];
      const versions = await listVersions(cluster, context);
      const candidate = findVersion(versions, to);
      const size = findVersion(versions, from)?.spec.replicas ?? 0;
      if (candidate === undefined) return [];
      const isSmall = (candidate.spec.replicas ?? 1) < size;
      const growth = isSmall
        ? [
            ...(await holdSize(context, candidate.metadata.name, size)),
            patchOf(resources.deployments, candidate, { spec: { replicas: size } }),
          ]
        : [];
      return [...growth, ...lastSeen.add(to, from, marker)];
    },
    claim(context, changes) {
      return {
        text: '',
        async prove() {
          await verifyUnchanged(context);
          if (changes.length === 0) return { detail: '' };
          const hasGrown = changes.some(({ resource }) => resource.kind === resources.deployments.kind);
          if (hasGrown) await waitUntilReady(context, context.to, { smoke: false });
          return reachable(context, context.to).prove();
        },
      };
    },
  };
}
