/** States in which waiting for the candidate cannot help. They are reported before any write. */
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { isReady } from '../../shared/kubernetes.ts';
import { explainUnready, rolloutOf, standsStill } from '../../shared/deployment-ready.ts';
import { listVersionPods } from '../cluster-state/versions.ts';
import { refuse } from '../refuse.ts';
import type { Check, Facts } from './check.ts';

/** Without a selector every Deployment of the namespace would count as a version of the app. */
export const serviceSelects: Check = {
  title: 'the Service selects pods',
  run({ context: { app }, state }) {
    if (Object.keys(state.service.spec.selector ?? {}).length === 0)
      refuse(
        `the Service ${app} has no selector: the pods of its versions cannot be determined. Give it one`,
      );
    return [];
  },
};

export const nothingEnds: Check = {
  title: 'none of the objects is being deleted',
  run({ context: { lastSeen, continued }, state, current, existing }) {
    const deployments = [...(continued ? [] : [current]), existing].map(
      (object) => ['Deployment', object] as const,
    );
    const others = lastSeen.objects.map(({ resource, object }) => [resource.kind, object] as const);
    for (const [kind, object] of [...deployments, ...others, ['Service', state.service] as const])
      if (object?.metadata.deletionTimestamp !== undefined) refuse(describeEnd(kind, object));
    return [];
  },
};

export const candidateCanBecomeReady: Check = {
  title: 'the candidate can become ready',
  async run(facts) {
    const { context, existing } = facts;
    verifySize(facts);
    // A continued run rolls back by itself when its candidate cannot become ready.
    if (existing === undefined || context.continued) return [];
    const pods = await listVersionPods(context.cluster, context, context.to);
    const isTold = context.options.image !== undefined || Object.keys(context.options.set ?? {}).length > 0;
    const { name } = existing.metadata;
    // A paused Deployment rolls out this run's image or values only when it is resumed.
    if (isTold && existing.spec['paused'] === true)
      refuse(
        `Deployment ${name} is paused and would not roll out the new image or values: kubectl rollout resume deployment/${name}`,
      );
    if (isTold || rolloutOf(existing, pods).done) return [];
    const reason = standsStill(existing);
    if (reason === undefined) return [];
    const unready = pods.some((pod) => !isReady(pod))
      ? ` (${await explainUnready(context.cluster, pods, reason)})`
      : '';
    return refuse(`${reason.replace(/\.$/, '')}${unready}: waiting for it cannot help`);
  },
};

/** A Deployment with 0 replicas is ready at once and serves nobody. */
function verifySize({ context: { from, to, options }, current, existing, candidate }: Facts): void {
  const { replicas: told } = options.set ?? {};
  const isNothing =
    told === undefined ? existing === undefined && candidate.spec.replicas === 0 : Number(told) === 0;
  if (isNothing) refuse(`Deployment ${candidate.metadata.name} would have 0 pods: nobody would serve ${to}`);
  const isIdle = current?.spec.replicas === 0 && (existing?.spec.replicas ?? 0) === 0;
  if (isIdle && told === undefined)
    refuse(
      `Deployment ${current.metadata.name} is scaled to 0 pods: how many ${to} needs is unknown. Scale ${from} up first, or say it with --set replicas=2`,
    );
}

function describeEnd(kind: string, { metadata }: KubernetesObject): string {
  const { name, deletionTimestamp = '', finalizers } = metadata;
  const waits =
    Array.isArray(finalizers) && finalizers.length > 0 ? ` and waits for ${finalizers.join(', ')}` : '';
  return `${kind} ${name} is being deleted (since ${deletionTimestamp})${waits}: wait until it is gone, and make it again`;
}
