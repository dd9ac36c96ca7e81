/** A version has ended when its last pod has. */
import { resources } from '../../shared/resources.ts';
import type { Deployment } from '../../shared/kubernetes.ts';
import { waitFor } from '../../shared/wait.ts';
import type { Change } from '../changes/change.ts';
import { listVersionPods } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import type { Claim } from '../step.ts';

/** Added to a pod's own grace period before its end is called late, in milliseconds. */
const SLACK_MS = 30_000;

/** @param changes those that end it */
export function podsGone(context: SwitchContext, version: string, changes: readonly Change[]): Claim {
  const { cluster, signal, clock, stepTimeoutMs, reporter } = context;
  const deleted = changes.find(({ resource }) => resource.kind === resources.deployments.kind)?.before as
    Deployment | undefined;
  const graceMs = (deleted?.spec.template.spec.terminationGracePeriodSeconds ?? 30) * 1000;
  return {
    text: 'its pods are gone',
    async prove() {
      let left = 0;
      const isGone = async () => {
        left = (await listVersionPods(cluster, context, version)).length;
        reporter.progress(`${left} pods ending`);
        return left === 0;
      };
      await waitFor(isGone, {
        deadlineMs: Math.max(stepTimeoutMs, graceMs + SLACK_MS),
        what: `the pods of ${version} to end`,
        lastSeen: () => `${left} left`,
        intervalMs: 200,
        signal,
        clock,
      });
      return {
        detail: deleted === undefined ? `${version} was not there` : `all pods of ${version} are gone`,
      };
    },
  };
}
