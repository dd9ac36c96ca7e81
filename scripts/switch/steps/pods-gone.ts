/** The claim that a version's last pod is gone. */
import { resources } from '../../shared/resources.ts';
import type { Deployment, Pod } from '../../shared/kubernetes.ts';
import { waitFor } from '../../shared/wait.ts';
import type { Change } from '../changes/change.ts';
import { findVersion, listVersionPods, listVersions } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import type { Claim } from '../step.ts';

/** Added to a pod's grace period before its end counts as late, in milliseconds. */
const SLACK_MS = 30_000;

/** @param changes the deletions that end the version */
export function podsGone(context: SwitchContext, version: string, changes: readonly Change[]): Claim {
  const { cluster, signal, clock, stepTimeoutMs, reporter } = context;
  const deleted = changes.find(({ resource }) => resource.kind === resources.deployments.kind)?.before as
    Deployment | undefined;
  const graceMs = (deleted?.spec.template.spec.terminationGracePeriodSeconds ?? 30) * 1000;
  return {
    text: 'its pods are gone',
    async prove() {
      let left: Pod[] = [];
      let owner: Deployment | undefined;
      const isGone = async () => {
        left = await listVersionPods(cluster, context, version);
        // A Deployment with finalizers ends first: until then nobody deletes its pods.
        const isHeld = left.some(({ metadata }) => metadata.deletionTimestamp === undefined);
        owner = isHeld ? findVersion(await listVersions(cluster, context), version) : undefined;
        reporter.progress(`${left.length} pods ending`);
        return left.length === 0;
      };
      await waitFor(isGone, {
        deadlineMs: Math.max(stepTimeoutMs, graceMs + SLACK_MS),
        what: `the pods of ${version} to end`,
        lastSeen: () => describeLeft(left, owner),
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

/** The number of pods that a message names. */
const NAMED = 3;

/** Describes the remaining pods: their nodes, and what delays their end. */
export function describeLeft(pods: readonly Pod[], owner?: Deployment): string {
  const named = pods.slice(0, NAMED).map(({ metadata: { name, deletionTimestamp, finalizers }, spec }) => {
    const held = describeFinalizers(finalizers);
    const since = deletionTimestamp === undefined ? 'not being deleted' : `ending since ${deletionTimestamp}`;
    const node = typeof spec['nodeName'] === 'string' ? ` on node ${spec['nodeName']}` : '';
    return `pod ${name}${node} ${[since, held].filter((text) => text !== '').join(', ')}`;
  });
  const held = describeFinalizers(owner?.metadata['finalizers']);
  const above = owner !== undefined && held !== '' ? [`Deployment ${owner.metadata.name} ${held}`] : [];
  const more = pods.length > NAMED ? [`${pods.length - NAMED} more`] : [];
  return `${pods.length} left: ${[...named, ...more, ...above].join('; ')}`;
}

function describeFinalizers(finalizers: unknown): string {
  return Array.isArray(finalizers) && finalizers.length > 0
    ? `waits for finalizer ${(finalizers as string[]).join(', ')}`
    : '';
}
