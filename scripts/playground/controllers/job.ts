import { hasCondition, type Pod } from '../pod-types.ts';
import type { KubeObject } from '../store/types.ts';
import { timestamp, type Controller, type ControllerContext } from './context.ts';
import { createWorkQueue, keyOf, splitKey } from './work-queue.ts';
import type { PodTemplate, WorkloadCondition } from './workload-types.ts';

type Job = KubeObject<
  {
    parallelism?: number;
    completions?: number;
    backoffLimit?: number;
    activeDeadlineSeconds?: number;
    ttlSecondsAfterFinished?: number;
    suspend?: boolean;
    template: PodTemplate;
  },
  {
    active?: number;
    ready?: number;
    succeeded?: number;
    failed?: number;
    terminating?: number;
    startTime?: string;
    completionTime?: string;
    conditions?: WorkloadCondition[];
  }
>;

const RESOURCE = 'batch/v1/jobs';
/** Failed pods are replaced after 10 s, 20 s, ... (kubernetes pkg/controller/job, DefaultJobPodFailureBackOff). */
const FIRST_BACK_OFF_MS = 10_000;

/** Runs each Job's pods until enough have succeeded or too many have failed. Indexed completion is not there. */
export function startJobController(context: ControllerContext): Controller {
  const { store, pods } = context;
  const events = context.events('job-controller');
  const queue = createWorkQueue({ delay: context.delays.reaction, random: context.random, work: sync });
  const stop = store.watch<Job>(RESOURCE, {}, ({ object }) => queue.add(keyOf(object)));
  pods.onChange((pod, owners) => {
    for (const { kind, name } of owners) {
      if (kind === 'Job') queue.add(`${pod.metadata.namespace ?? ''}/${name}`);
    }
  });

  function sync(key: string): void {
    const [namespace, name] = splitKey(key);
    const job = store.get<Job>(RESOURCE, namespace, name);
    if (job?.spec === undefined || job.metadata.deletionTimestamp !== undefined) return;
    if (finishedAt(job) !== undefined) {
      removeWhenDue(job);
      return;
    }
    const owned = pods.owned(job.metadata.uid);
    const succeeded = owned.filter(({ status }) => status?.phase === 'Succeeded');
    const failed = owned.filter(({ status }) => status?.phase === 'Failed');
    const active = owned.filter(
      (pod) =>
        !succeeded.includes(pod) && !failed.includes(pod) && pod.metadata.deletionTimestamp === undefined,
    );
    const { completions = 1, parallelism = 1, backoffLimit = 6, suspend = false } = job.spec;
    const verdict = judge(job, succeeded.length, failed.length, completions, backoffLimit);
    if (verdict !== undefined || suspend) {
      for (const pod of active)
        store.delete('v1/pods', namespace, pod.metadata.name, { uid: pod.metadata.uid });
    } else {
      const missing = Math.min(parallelism, completions - succeeded.length) - active.length;
      const waitMs = failed.length === 0 ? 0 : backOffLeftMs(failed);
      if (missing > 0 && waitMs > 0) queue.addAfter(key, waitMs);
      else for (let count = 0; count < missing; count += 1) createPod(job);
    }
    writeStatus(
      job,
      {
        active: active.length,
        ready: active.filter((pod) => hasCondition(pod, 'Ready')).length,
        succeeded: succeeded.length,
        failed: failed.length,
      },
      verdict,
    );
  }

  function judge(
    job: Job,
    succeeded: number,
    failed: number,
    completions: number,
    backoffLimit: number,
  ): Omit<WorkloadCondition, 'lastTransitionTime'> | undefined {
    if (succeeded >= completions) {
      return {
        type: 'Complete',
        status: 'True',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      };
    }
    if (failed > backoffLimit) {
      return {
        type: 'Failed',
        status: 'True',
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
      };
    }
    const { activeDeadlineSeconds } = job.spec ?? {};
    if (activeDeadlineSeconds === undefined) return undefined;
    const startedAt = Date.parse(job.status?.startTime ?? timestamp());
    const leftMs = startedAt + activeDeadlineSeconds * 1_000 - Date.now();
    if (leftMs <= 0) {
      return {
        type: 'Failed',
        status: 'True',
        reason: 'DeadlineExceeded',
        message: 'Job was active longer than specified deadline',
      };
    }
    queue.addAfter(keyOf(job), leftMs);
    return undefined;
  }

  function createPod(job: Job): void {
    const { namespace, name, uid } = job.metadata;
    const template = job.spec?.template;
    const pod = store.create<Pod>('v1/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: `${name}-`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...template?.metadata?.labels },
        ...(template?.metadata?.annotations ? { annotations: { ...template.metadata.annotations } } : {}),
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: structuredClone(template?.spec),
    });
    events.record(job, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${pod.metadata.name}`,
    });
  }

  function writeStatus(
    job: Job,
    counts: { active: number; ready: number; succeeded: number; failed: number },
    verdict: Omit<WorkloadCondition, 'lastTransitionTime'> | undefined,
  ): void {
    const now = timestamp();
    store.mutate<Job>(
      RESOURCE,
      job.metadata.namespace,
      job.metadata.name,
      (draft) => {
        const { active, ready, succeeded, failed } = counts;
        draft.status = {
          ...(draft.status?.conditions ? { conditions: draft.status.conditions } : {}),
          startTime: draft.status?.startTime ?? now,
          ...(active > 0 && verdict === undefined ? { active } : {}),
          ready: verdict === undefined ? ready : 0,
          terminating: 0,
          ...(succeeded > 0 ? { succeeded } : {}),
          ...(failed > 0 ? { failed } : {}),
        };
        if (verdict === undefined) return;
        draft.status.conditions = [
          ...(draft.status.conditions ?? []),
          { ...verdict, lastTransitionTime: now },
        ];
        if (verdict.type === 'Complete') draft.status.completionTime = now;
      },
      { subresource: 'status' },
    );
    if (verdict === undefined) return;
    const completed = verdict.type === 'Complete';
    events.record(job, {
      type: completed ? 'Normal' : 'Warning',
      reason: completed ? 'Completed' : verdict.reason,
      message: completed ? 'Job completed' : verdict.message,
    });
  }

  function removeWhenDue(job: Job): void {
    const { ttlSecondsAfterFinished } = job.spec ?? {};
    if (ttlSecondsAfterFinished === undefined) return;
    const leftMs = (finishedAt(job) ?? 0) + ttlSecondsAfterFinished * 1_000 - Date.now();
    if (leftMs > 0) queue.addAfter(keyOf(job), leftMs);
    else
      store.delete(RESOURCE, job.metadata.namespace, job.metadata.name, {
        uid: job.metadata.uid,
        propagationPolicy: 'Background',
      });
  }

  return {
    close() {
      stop();
      queue.close();
    },
  };
}

function finishedAt(job: Job): number | undefined {
  const end = job.status?.conditions?.find(
    ({ type, status }) => ['Complete', 'Failed'].includes(type) && status === 'True',
  );
  return end && Date.parse(end.lastTransitionTime);
}

/** How long the next pod waits after the last failure. */
function backOffLeftMs(failed: readonly Pod[]): number {
  const ends = failed.map(({ status, metadata }) =>
    Date.parse(status?.containerStatuses?.[0]?.state.terminated?.finishedAt ?? metadata.creationTimestamp),
  );
  return Math.max(...ends) + FIRST_BACK_OFF_MS * 2 ** (failed.length - 1) - Date.now();
}
