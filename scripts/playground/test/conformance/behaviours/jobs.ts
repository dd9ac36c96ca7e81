import assert from 'node:assert/strict';
import type { Chapter } from '../behaviour.ts';
import type { Kit } from '../kit.ts';
import { at, condition, count, list } from '../objects.ts';

const job = (k: Kit, env: Record<string, string>, spec: Record<string, unknown> = {}) =>
  k.create('jobs', {
    spec: {
      template: k.template(env, { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 1 } }),
      ...spec,
    },
  });

const finished = (k: Kit, type: string) =>
  k.untilObject('jobs', k.id, `is ${type}`, (object) => condition(object, type)?.status === 'True');

const types = (object: unknown): string[] =>
  list(object, 'status.conditions').map((one) => String(at(one, 'type')));

export const jobs: Chapter = {
  title: 'Jobs',
  behaviours: [
    {
      name: 'a Job is complete when as many pods as completions asks for have succeeded',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/job',
      run: async (k) => {
        await job(k, { EXIT_AFTER_MS: '100' }, { completions: 2, parallelism: 1 });
        const done = await finished(k, 'Complete');
        assert.deepEqual(types(done), ['SuccessCriteriaMet', 'Complete']);
        assert.equal(condition(done, 'Complete')?.reason, 'CompletionsReached');
        assert.equal(condition(done, 'Complete')?.message, 'Reached expected number of succeeded pods');
        assert.equal(count(done, 'status.succeeded'), 2);
        assert.equal(typeof at(done, 'status.completionTime'), 'string');
        await k.event('Completed', k.id, (text) => text === 'Job completed');
      },
    },
    {
      name: 'a Job whose pods fail more often than backoffLimit allows has failed',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/job',
      run: async (k) => {
        await job(k, { EXIT_AFTER_MS: '50', EXIT_CODE: '3' }, { backoffLimit: 0 });
        const done = await finished(k, 'Failed');
        assert.deepEqual(types(done), ['FailureTarget', 'Failed']);
        assert.equal(condition(done, 'Failed')?.reason, 'BackoffLimitExceeded');
        assert.equal(condition(done, 'Failed')?.message, 'Job has reached the specified backoff limit');
        assert.equal(count(done, 'status.failed'), 1);
      },
    },
    {
      name: 'a Job past its activeDeadlineSeconds has failed, and its pods end',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/job',
      run: async (k) => {
        await job(k, {}, { activeDeadlineSeconds: 3 });
        const done = await finished(k, 'Failed');
        assert.equal(condition(done, 'Failed')?.reason, 'DeadlineExceeded');
        assert.equal(condition(done, 'Failed')?.message, 'Job was active longer than specified deadline');
        await k.until('no pod to run', async () =>
          (await k.list('pods')).every((pod) => at(pod, 'status.phase') !== 'Running'),
        );
      },
    },
    {
      name: 'a finished Job goes ttlSecondsAfterFinished later, its pods with it',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished',
      run: async (k) => {
        await job(k, { EXIT_AFTER_MS: '50' }, { ttlSecondsAfterFinished: 1 });
        await k.gone('jobs');
        await k.until('its pods to be gone', async () => (await k.list('pods')).length === 0);
      },
    },
    {
      name: 'each pod of an indexed Job knows its index',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/job',
      run: async (k) => {
        await job(k, { EXIT_AFTER_MS: '50' }, { completionMode: 'Indexed', completions: 2, parallelism: 2 });
        const done = await finished(k, 'Complete');
        assert.equal(at(done, 'status.completedIndexes'), '0,1');
        const pods = await k.list('pods');
        const indexes = pods.map(
          ({ metadata }) => metadata.annotations?.['batch.kubernetes.io/job-completion-index'],
        );
        assert.deepEqual([...indexes].sort(), ['0', '1']);
        const [pod] = pods;
        assert.match(pod?.metadata.name ?? '', new RegExp(`^${k.id}-[01]-`));
        const env = list(pod, 'spec.containers.0.env').find(
          (one) => at(one, 'name') === 'JOB_COMPLETION_INDEX',
        );
        assert.equal(
          at(env, 'valueFrom.fieldRef.fieldPath'),
          "metadata.labels['batch.kubernetes.io/job-completion-index']",
        );
      },
    },
    {
      name: 'a suspended Job has no pods until it goes on',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/job',
      run: async (k) => {
        await job(k, { EXIT_AFTER_MS: '50' }, { suspend: true });
        const waiting = await finished(k, 'Suspended');
        assert.equal(condition(waiting, 'Suspended')?.reason, 'JobSuspended');
        assert.equal((await k.list('pods')).length, 0);
        await k.patch('jobs', k.id, { spec: { suspend: false } });
        await finished(k, 'Complete');
      },
    },
  ],
};
