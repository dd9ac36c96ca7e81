/**
 * Deploys the candidate at the current version's size. Its claim: ready and smoke-tested, without traffic.
 */
import { CommandError } from '../../shared/errors.ts';
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { candidateAutoscalers, holdSize, isAutoscaler, letGo, withFloor } from '../changes/autoscaler.ts';
import { keepOf, patchOf } from '../changes/change.ts';
import type { Change } from '../changes/change.ts';
import { isScaledObject, missingPaused, scales } from '../changes/scaled-object.ts';
import { renderCandidate } from '../changes/version-label.ts';
import { applyObject, deleteVersion } from '../changes/version-objects.ts';
import { waitUntilReady } from '../cluster-state/wait-until-ready.ts';
import { findVersion, listVersions } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import { unedited } from '../proofs/still-serving.ts';
import { alreadySo } from '../step.ts';
import type { Step } from '../step.ts';
import { podsGone } from './pods-gone.ts';

export const deployVersion: Step = {
  name: 'deploy-version',
  title: ({ deployments }) => `Deploy ${deployments.to}`,
  subject: ({ deployments }) => ({ kind: 'Deployment', name: deployments.to }),
  onFailure: 'undo',
  async changes(context) {
    const { cluster, from, to } = context;
    const versions = await listVersions(cluster, context);
    const current = findVersion(versions, from);
    const existing = findVersion(versions, to);
    const size = current?.spec.replicas ?? 1;
    const replicas = Math.max(size, existing?.spec.replicas ?? 0);
    const rendered = await renderCandidate(context, replicas);
    const { name } = existing?.metadata ?? rendered.deployment.metadata;
    return [
      // Raise minReplicas first: an existing autoscaler would scale down the added pods.
      ...(await holdSize(context, name, replicas)),
      ...(await deployment(context, existing, { size, ...rendered })),
      ...(await autoscalers(context, { current, name, replicas })),
      ...(await scaledObjects(context, existing, { name, replicas, ...rendered })),
    ];
  },
  claim: (context) => ({
    text: 'rolled out, every pod ready, one request to each pod itself',
    prove: async () => ({ detail: await waitUntilReady(context, context.to, { smoke: true }) }),
  }),
  undo: {
    title: ({ deployments }) => `Delete ${deployments.to}`,
    before: { claim: (context) => (stays(context) ? alreadySo('') : unedited(context)) },
    async changes(context) {
      const { to, record, lastSeen, cluster } = context;
      const there = findVersion(await listVersions(cluster, context), to);
      const kept = there ? [keepOf(resources.deployments, there, 'stays')] : [];
      if (record.before?.deployment) return [...kept, ...(await letGo(context, to))];
      if (lastSeen.names(to)) throw new CommandError(`a route still names ${to}; it is left running`);
      return stays(context) ? kept : deleteVersion(context, to);
    },
    claim(context, changes) {
      const { to, record } = context;
      if (record.before?.deployment) return alreadySo(`${to} was there before`, `none, for ${to} stays`);
      if (stays(context)) return alreadySo(`${to} is left for a look at it`, `none, for ${to} stays`);
      return podsGone(context, to, changes);
    },
  },
};

/** Whether the candidate stays when the switch is rolled back. */
const stays = ({ record, options }: SwitchContext) =>
  record.before?.deployment === true || options.keepFailed === true;

/** Whether this run says what the candidate must be. */
const isTold = ({ options: { image, set = {} } }: SwitchContext) =>
  image !== undefined || Object.keys(set).length > 0;

/** A Deployment that is there (a killed run's, a kept one) stays, unless this run says what it must be. */
async function deployment(
  context: SwitchContext,
  existing: Deployment | undefined,
  { size, deployment, others }: { size: number; deployment: Deployment; others: KubernetesObject[] },
): Promise<Change[]> {
  if (existing === undefined || isTold(context)) {
    const { name } = existing?.metadata ?? deployment.metadata;
    const isScaler = (one: KubernetesObject) =>
      isAutoscaler(one) || (isScaledObject(one) && scales(one, name));
    const objects = [...others.filter((one) => !isScaler(one)), deployment];
    return Promise.all(objects.map((object) => applyObject(context, object)));
  }
  return (existing.spec.replicas ?? 1) < size
    ? [patchOf(resources.deployments, existing, { spec: { replicas: size } })]
    : [keepOf(resources.deployments, existing, 'is there already and stays as it is')];
}

async function autoscalers(
  context: SwitchContext,
  { current, name, replicas }: { current: Deployment | undefined; name: string; replicas: number },
): Promise<Change[]> {
  const { brought } = await candidateAutoscalers(context, { current, name });
  return Promise.all(brought.map((autoscaler) => applyObject(context, withFloor(autoscaler, replicas))));
}

/** With their Deployment, and where a killed run left them out. One that was there before brings none. */
async function scaledObjects(
  context: SwitchContext,
  existing: Deployment | undefined,
  { name, replicas, others }: { name: string; replicas: number; others: KubernetesObject[] },
): Promise<Change[]> {
  if (!others.some(isScaledObject)) return [];
  const isMade = existing === undefined || isTold(context);
  if (!isMade && context.record.before?.deployment === true) return [];
  const missing = await missingPaused(context, { name, replicas, isTold: isMade });
  return Promise.all(missing.map((one) => applyObject(context, one)));
}
