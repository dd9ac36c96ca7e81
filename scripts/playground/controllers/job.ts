import { hasCondition, type Pod } from '../pod-types.ts';
import { notImplemented } from '../apiserver/status-error.ts';
import type { KubeObject } from '../storage/types.ts';
import { timestamp, type Controller, type ControllerContext } from './context.ts';
import { formatIndexes, INDEX, indexOf, missingIndexes } from './job-indexes.ts';
import { keyOf, splitKey } from './work-queue.ts';
import type { PodTemplate, WorkloadCondition } from './workload-types.ts';

interface JobSpec {
  parallelism?: number;
  /** Undefined: the pods share a queue, and one success ends the Job. */
  completions?: number;
  completionMode?: 'NonIndexed' | 'Indexed';
  backoffLimit?: number;
  activeDeadlineSeconds?: number;
  ttlSecondsAfterFinished?: number;
  suspend?: boolean;
  template: PodTemplate;
}

interface JobStatus {
  active?: number;
  ready?: number;
  succeeded?: number;
  failed?: number;
  terminating?: number;
  startTime?: string;
  completionTime?: string;
  completedIndexes?: string;
  uncountedTerminatedPods?: object;
  conditions?: WorkloadCondition[];
}

type Job = KubeObject<JobSpec, JobStatus>;
type Verdict = Omit<WorkloadCondition, 'lastTransitionTime' | 'status' | 'lastUpdateTime'>;

const RESOURCE = 'batch/v1/jobs';
/**
 * Failed pods are replaced after 10 s, 20 s, ... up to 10 min
 * (kubernetes pkg/controller/job, DefaultJobPodFailureBackOff).
 */
const FIRST_BACK_OFF_MS = 10_000;
const LONGEST_BACK_OFF_MS = 600_000;
/** Fields that would change what a Job does, and that nothing here reads. */
const NOT_DONE = [
  'podFailurePolicy',
  'successPolicy',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
  'managedBy',
];

/**
 * Runs each Job's pods until enough have succeeded or too many have
 * failed. Refuses Jobs with policies it does not know.
 */
export function startJobController(context: ControllerContext): Controller {
  const { store, pods } = context;
  const events = context.events('job-controller');
  const queue = context.queue('job-controller', context.delays.reaction, sync);
  store.addAdmission(RESOURCE, ({ spec }) => {
    const field = NOT_DONE.find(
      (name) => (spec as Record<string, unknown> | undefined)?.[name] !== undefined,
    );
    if (field !== undefined) throw notImplemented(`spec.${field} of a Job`);
  });
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
    const counts = countPods(job, pods.owned(job.metadata.uid));
    const verdict = judge(job, counts);
    if (verdict !== undefined || job.spec.suspend === true) {
      for (const pod of counts.active) deletePod(job, pod);
    } else {
      addPods(job, counts);
    }
    writeStatus(job, counts, verdict);
  }

  function addPods(job: Job, counts: Counts): void {
    const { completions, parallelism = 1 } = job.spec ?? {};
    const open =
      completions === undefined
        ? // A shared queue: after the first success no new pod begins.
          counts.succeeded.length > 0
          ? counts.active.length
          : parallelism
        : Math.min(parallelism, completions - counts.done);
    const missing = open - counts.active.length;
    if (missing < 0) for (const pod of counts.active.slice(missing)) deletePod(job, pod);
    if (missing <= 0) return;
    const waitMs = counts.failed.length === 0 ? 0 : backOffLeftMs(counts.failed);
    if (waitMs > 0) {
      queue.addAfter(keyOf(job), waitMs);
      return;
    }
    if (job.spec?.completionMode === 'Indexed') {
      const taken = new Set([...counts.succeeded, ...counts.active].map(indexOf));
      for (const index of missingIndexes(completions ?? 0, taken, missing)) createPod(job, index);
    } else {
      for (let count = 0; count < missing; count += 1) createPod(job);
    }
  }

  function judge(job: Job, { done, active, succeeded, failures }: Counts): Verdict | undefined {
    const decided = job.status?.conditions?.find(({ type }) => type in FINAL);
    if (decided) return { type: decided.type, reason: decided.reason, message: decided.message };
    const { completions, backoffLimit = 6, activeDeadlineSeconds, suspend } = job.spec ?? {};
    if (completions === undefined ? succeeded.length > 0 && active.length === 0 : done >= completions) {
      return {
        type: 'SuccessCriteriaMet',
        reason: 'CompletionsReached',
        message: 'Reached expected number of succeeded pods',
      };
    }
    if (failures > backoffLimit) {
      return {
        type: 'FailureTarget',
        reason: 'BackoffLimitExceeded',
        message: 'Job has reached the specified backoff limit',
      };
    }
    if (activeDeadlineSeconds === undefined || suspend === true) return undefined;
    const startedAt = Date.parse(job.status?.startTime ?? timestamp());
    const leftMs = startedAt + activeDeadlineSeconds * 1_000 - Date.now();
    if (leftMs > 0) {
      queue.addAfter(keyOf(job), leftMs);
      return undefined;
    }
    return {
      type: 'FailureTarget',
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    };
  }

  function createPod(job: Job, index?: number): void {
    const { namespace, name, uid } = job.metadata;
    const template = job.spec?.template;
    const own = { [INDEX]: String(index) };
    const pod = store.create<Pod>('v1/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        generateName: index === undefined ? `${name}-` : `${name}-${index}-`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { ...template?.metadata?.labels, ...(index === undefined ? {} : own) },
        ...(index === undefined && template?.metadata?.annotations === undefined
          ? {}
          : { annotations: { ...template?.metadata?.annotations, ...(index === undefined ? {} : own) } }),
        ownerReferences: [
          { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: index === undefined ? structuredClone(template?.spec) : indexedSpec(name, index, template?.spec),
    });
    tell(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
  }

  function deletePod(job: Job, { metadata }: Pod): void {
    store.delete('v1/pods', metadata.namespace, metadata.name, { uid: metadata.uid });
    tell(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${metadata.name}`);
  }

  function writeStatus(job: Job, counts: Counts, verdict: Verdict | undefined): void {
    const now = timestamp();
    const suspended = job.spec?.suspend === true;
    const left = counts.active.length + counts.terminating.length;
    let finished: string | undefined;
    store.mutate<Job>(
      RESOURCE,
      job.metadata.namespace,
      job.metadata.name,
      (draft) => {
        const before = draft.status ?? {};
        const conditions = [...(before.conditions ?? [])];
        const add = (type: string, condition: Pick<Verdict, 'reason' | 'message'>): void => {
          if (!conditions.some((one) => one.type === type))
            conditions.push({ ...condition, type, status: 'True', lastTransitionTime: now });
        };
        if (verdict !== undefined) {
          const { type, ...condition } = verdict;
          add(type, condition);
          // Only when the last pod is gone is it over (JobPodReplacementPolicy, 1.31).
          if (left === 0) {
            finished = FINAL[type];
            add(finished ?? type, condition);
          }
        }
        suspend(conditions, suspended, now);
        const startTime = suspended ? undefined : (before.startTime ?? now);
        draft.status = {
          ...(startTime === undefined ? {} : { startTime }),
          ...(counts.active.length > 0 && verdict === undefined ? { active: counts.active.length } : {}),
          ready: verdict === undefined ? counts.active.filter((pod) => hasCondition(pod, 'Ready')).length : 0,
          terminating: finished === undefined ? counts.terminating.length : 0,
          uncountedTerminatedPods: {},
          ...(counts.succeeded.length > 0 ? { succeeded: counts.done } : {}),
          ...(counts.failed.length > 0 ? { failed: counts.failed.length } : {}),
          ...(job.spec?.completionMode === 'Indexed' && counts.succeeded.length > 0
            ? { completedIndexes: formatIndexes(counts.succeeded.map(indexOf)) }
            : {}),
          ...(conditions.length === 0 ? {} : { conditions }),
          ...(finished === 'Complete' ? { completionTime: now } : {}),
        };
      },
      { subresource: 'status' },
    );
    if (finished === 'Complete') tell(job, 'Normal', 'Completed', 'Job completed');
    else if (finished === 'Failed') tell(job, 'Warning', verdict?.reason ?? '', verdict?.message ?? '');
    const before = job.status?.conditions?.find(({ type }) => type === 'Suspended')?.status === 'True';
    if (suspended && !before) tell(job, 'Normal', 'Suspended', 'Job suspended');
    if (!suspended && before) tell(job, 'Normal', 'Resumed', 'Job resumed');
  }

  function tell(job: Job, type: 'Normal' | 'Warning', reason: string, message: string): void {
    events.record(job, { type, reason, message });
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

/** What is decided first, and what it becomes when no pod is left. */
const FINAL: Record<string, string> = { SuccessCriteriaMet: 'Complete', FailureTarget: 'Failed' };

interface Counts {
  succeeded: Pod[];
  failed: Pod[];
  active: Pod[];
  terminating: Pod[];
  /** Successes that count: one per index. */
  done: number;
  /** What counts against backoffLimit: failed pods, and restarts in those that restart their containers. */
  failures: number;
}

function countPods({ spec }: Job, owned: readonly Pod[]): Counts {
  const ofPhase = (phase: string): Pod[] => owned.filter(({ status }) => status?.phase === phase);
  const succeeded = ofPhase('Succeeded');
  const failed = ofPhase('Failed');
  const open = owned.filter((pod) => !succeeded.includes(pod) && !failed.includes(pod));
  const active = open.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const restarts = (pod: Pod): number =>
    (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
  return {
    succeeded,
    failed,
    active,
    terminating: open.filter((pod) => !active.includes(pod)),
    done: spec?.completionMode === 'Indexed' ? new Set(succeeded.map(indexOf)).size : succeeded.length,
    failures: failed.length + active.reduce((sum, pod) => sum + restarts(pod), 0),
  };
}

/** Adds or turns the condition Suspended. */
function suspend(conditions: WorkloadCondition[], suspended: boolean, now: string): void {
  const current = conditions.find(({ type }) => type === 'Suspended');
  if (current === undefined && !suspended) return;
  const status = suspended ? 'True' : 'False';
  if (current?.status === status) return;
  const next = {
    type: 'Suspended',
    status,
    lastTransitionTime: now,
    reason: suspended ? 'JobSuspended' : 'JobResumed',
    message: suspended ? 'Job suspended' : 'Job resumed',
  } as const;
  if (current === undefined) conditions.push(next);
  else Object.assign(current, next);
}

/** A pod of an indexed Job knows its index by its environment and its host name. */
function indexedSpec(name: string, index: number, spec: PodTemplate['spec'] | undefined): unknown {
  const copy = structuredClone(spec);
  if (copy === undefined) return copy;
  const fieldPath = `metadata.labels['${INDEX}']`;
  for (const container of [...copy.containers, ...(copy.initContainers ?? [])]) {
    if (container.env?.some((variable) => variable.name === 'JOB_COMPLETION_INDEX')) continue;
    container.env = [
      ...(container.env ?? []),
      { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { fieldPath } } },
    ];
  }
  return { ...copy, hostname: `${name}-${index}` };
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
  const backOff = Math.min(FIRST_BACK_OFF_MS * 2 ** (failed.length - 1), LONGEST_BACK_OFF_MS);
  return Math.max(...ends) + backOff - Date.now();
}
