import { isObject } from '../../storage/json.ts';
import { badRequest, notFound, StatusError } from '../status-error.ts';
import type { KubeObject } from '../../storage/types.ts';
import type { Answer } from '../answer.ts';
import { decodeObject } from '../negotiation/body.ts';
import type { ApiContext } from '../context.ts';
import type { TypedTarget } from '../verbs/read.ts';
import type { ApiRequest } from '../request.ts';
import { dryRunOf } from '../verbs/write.ts';

interface Budget {
  selector?: { matchLabels?: Record<string, string> };
}

interface BudgetStatus {
  disruptionsAllowed?: number;
  currentHealthy?: number;
  desiredHealthy?: number;
}

function covers(budget: KubeObject<Budget>, pod: KubeObject): boolean {
  const wanted = Object.entries(budget.spec?.selector?.matchLabels ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/**
 * Deletes a pod unless a PodDisruptionBudget says not now.
 * https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
 */
export function evictPod(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type, key, namespace = '', name = '' } = target;
  const pod = context.store.get(key, namespace, name);
  if (pod === undefined) throw notFound(type, name);
  const eviction = decodeObject(body, request.headers['content-type'], {
    group: 'policy',
    version: 'v1',
    kind: 'Eviction',
    custom: false,
  });
  const metadata = isObject(eviction['metadata']) ? eviction['metadata'] : {};
  if (metadata['name'] !== undefined && metadata['name'] !== name)
    throw badRequest('name in URL does not match name in Eviction object');
  const options = isObject(eviction['deleteOptions']) ? eviction['deleteOptions'] : {};
  const dryRun = dryRunOf(request, 'CreateOptions', options['dryRun']);
  for (const budget of context.store.list<KubeObject<Budget, BudgetStatus>>(
    'policy/v1/poddisruptionbudgets',
    { namespace },
  )) {
    if (covers(budget, pod)) spend(budget, context, dryRun);
  }
  context.store.remove(key, namespace, name, {
    dryRun,
    ...(typeof options['gracePeriodSeconds'] === 'number'
      ? { gracePeriodSeconds: options['gracePeriodSeconds'] }
      : {}),
  });
  return {
    code: 201,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
  };
}

function spend(budget: KubeObject<Budget, BudgetStatus>, context: ApiContext, dryRun: boolean): void {
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  const { name, namespace } = budget.metadata;
  if (disruptionsAllowed <= 0) {
    const message = `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
    throw new StatusError(
      429,
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
      {
        causes: [{ reason: 'DisruptionBudget', message }],
      },
    );
  }
  // Taken here and now, so that two evictions cannot spend the same permission.
  context.store.mutate<KubeObject<Budget, BudgetStatus>>(
    'policy/v1/poddisruptionbudgets',
    namespace,
    name,
    (draft) => {
      draft.status = { ...draft.status, disruptionsAllowed: disruptionsAllowed - 1 };
    },
    { subresource: 'status', dryRun },
  );
}
