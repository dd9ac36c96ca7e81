import assert from 'node:assert/strict';
import type { Chapter } from '../behaviour.ts';
import type { Kit } from '../kit.ts';
import { pausesOf, runsOf } from '../container-runs.ts';
import { at, condition, container, type Thing } from '../objects.ts';

/** Deletes the pod and returns what its program said from then on. */
async function death(k: Kit, query: Record<string, string> = {}): Promise<string[]> {
  const before = (await k.said()).length;
  const log = k.saidToTheEnd();
  await k.delete('pods', k.id, query);
  return (await log).slice(before).filter((what) => what !== 'probe');
}

/** The pod as it was last seen with its container ended. */
async function lastState(k: Kit, kill: () => Promise<unknown>): Promise<Thing> {
  const pods = await k.record('pods');
  await kill();
  await k.gone('pods');
  const ended = pods.seen.findLast(({ object }) => at(container(object), 'state.terminated') !== undefined);
  assert.ok(ended, 'its end was never in the status');
  return ended.object;
}

export const terminations: Chapter = {
  title: 'The end of a pod',
  behaviours: [
    {
      name: 'DELETE answers with the pod, marked to end a grace period from now',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({ TERM_MS: '500' }, { spec: { terminationGracePeriodSeconds: 20 } });
        await k.listening();
        const before = Date.now();
        const answer = await k.delete('pods');
        assert.equal(answer.kind, 'Pod');
        assert.equal(answer.metadata.deletionGracePeriodSeconds, 20);
        const inMs = Date.parse(answer.metadata.deletionTimestamp ?? '') - before;
        assert.ok(inMs > 17_000 && inMs < 23_000, `deletionTimestamp in ${inMs} ms`);
      },
    },
    {
      name: 'SIGTERM comes when the preStop httpGet has been answered; the pod stays Ready until it is dead',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod(
          { PRESTOP_MS: '600', TERM_MS: '300' },
          {
            container: {
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
              lifecycle: { preStop: { httpGet: { path: '/prestop', port: 'http' } } },
            },
          },
        );
        await k.ready();
        const pods = await k.record('pods');
        assert.deepEqual(await death(k), ['prestop begin', 'prestop end', 'sigterm', 'exit']);
        await k.gone('pods');
        const ready = pods.seen
          .filter(({ object }) => at(container(object), 'state.running') !== undefined)
          .map(({ object }) => condition(object, 'Ready')?.status);
        assert.deepEqual(new Set(ready), new Set(['True']));
        await k.event('Killing', k.id, (text) => text === 'Stopping container app');
      },
    },
    {
      name: 'a preStop exec runs in the container, and SIGTERM comes after it',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        const preStop = k.script(
          'require("node:http").get("http://localhost:8080/prestop").on("response", (r) => r.resume())',
        );
        await k.pod({ PRESTOP_MS: '200' }, { container: { lifecycle: { preStop } } });
        await k.listening();
        assert.deepEqual(await death(k), ['prestop begin', 'prestop end', 'sigterm', 'exit']);
      },
    },
    {
      name: 'a preStop sleep delays SIGTERM by as many seconds',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({}, { container: { lifecycle: { preStop: { sleep: { seconds: 2 } } } } });
        await k.listening();
        const log = k.said(k.id, { follow: 'true' });
        const asked = Date.now();
        await k.delete('pods');
        const sigterm = (await log).find(({ what }) => what === 'sigterm');
        // Clocks of another machine may be off by a little.
        assert.ok(
          (sigterm?.at ?? 0) - asked >= 1_500,
          `SIGTERM ${(sigterm?.at ?? 0) - asked} ms after DELETE`,
        );
      },
    },
    {
      name: 'a preStop hook that fails is a FailedPreStopHook event, and SIGTERM follows at once',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({}, { container: { lifecycle: { preStop: { httpGet: { path: '/', port: 81 } } } } });
        await k.listening();
        assert.deepEqual(await death(k), ['sigterm', 'exit']);
        assert.equal(await k.event('FailedPreStopHook'), 'PreStopHook failed');
      },
    },
    {
      name: 'who ignores SIGTERM is killed when the grace period is over: exit code 137',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({ ON_TERM: 'ignore' }, { spec: { terminationGracePeriodSeconds: 2 } });
        await k.listening();
        const asked = Date.now();
        const ended = await lastState(k, () => k.delete('pods'));
        assert.ok(Date.now() - asked >= 2_000);
        const state = at(container(ended), 'state.terminated');
        assert.deepEqual([at(state, 'exitCode'), at(state, 'reason')], [137, 'Error']);
        assert.equal(at(ended, 'status.phase'), 'Failed');
      },
    },
    {
      name: 'preStop counts against the grace period, and SIGTERM still comes with 2 s before SIGKILL',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod(
          { PRESTOP_MS: '20000', TERM_MS: '600' },
          {
            container: { lifecycle: { preStop: { httpGet: { path: '/prestop', port: 'http' } } } },
            spec: { terminationGracePeriodSeconds: 2 },
          },
        );
        await k.listening();
        assert.deepEqual(await death(k), ['prestop begin', 'sigterm', 'exit']);
      },
    },
    {
      name: 'a DELETE with a shorter grace period shortens the pod’s',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({ ON_TERM: 'ignore' }, { spec: { terminationGracePeriodSeconds: 60 } });
        await k.listening();
        const ended = await lastState(k, () => k.delete('pods', k.id, { gracePeriodSeconds: '1' }));
        assert.equal(at(container(ended), 'state.terminated.exitCode'), 137);
      },
    },
    {
      name: 'a DELETE without grace takes the object away at once',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({ ON_TERM: 'ignore' });
        await k.listening();
        const answer = await k.delete('pods', k.id, { gracePeriodSeconds: '0' });
        assert.equal(answer.kind, 'Pod');
        await k.gone('pods', k.id, 3);
      },
    },
  ],
};

export const restarts: Chapter = {
  title: 'Restarts',
  behaviours: [
    {
      name: 'a container that ends is started again at once, then after 10 s: CrashLoopBackOff',
      source: 'kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle',
      run: async (k) => {
        const pods = await k.record('pods');
        await k.pod({ EXIT_AFTER_MS: '300', EXIT_CODE: '5' });
        const first = await k.untilObject(
          'pods',
          k.id,
          'was restarted',
          (pod) => at(container(pod), 'restartCount') === 1,
        );
        assert.equal(at(container(first), 'lastState.terminated.exitCode'), 5);
        const waiting = await k.untilObject(
          'pods',
          k.id,
          'is in back-off',
          (pod) => at(container(pod), 'state.waiting.reason') === 'CrashLoopBackOff',
        );
        assert.equal(
          at(container(waiting), 'state.waiting.message'),
          `back-off 10s restarting failed container=app pod=${k.id}_${k.namespace}(${String(waiting.metadata.uid)})`,
        );
        assert.match(
          await k.event('BackOff'),
          new RegExp(`^Back-off restarting failed container app in pod ${k.id}_${k.namespace}`),
        );
        // The back-off counts from the container's end, and the status
        // tells of it late: judged by the container's own times.
        const [atOnce, later] = await k.until('a third run', () => {
          const pauses = pausesOf(runsOf(pods.seen));
          return pauses.length >= 2 && pauses[1] !== undefined ? pauses : undefined;
        });
        const said = `it began ${String(atOnce)} s and ${String(later)} s after the end of the run before`;
        assert.ok((atOnce ?? 0) < 9, `the second run waited: ${said}`);
        // Both times are to the second.
        assert.ok((later ?? 0) >= 9, `the third run did not wait 10 s: ${said}`);
      },
    },
    {
      name: 'with restartPolicy OnFailure only a container that failed is started again',
      source: 'kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle',
      run: async (k) => {
        await k.pod({}, { spec: { restartPolicy: 'OnFailure' } });
        await k.listening();
        await k.tell(k.id, '/exit?code=1');
        await k.untilObject('pods', k.id, 'was restarted', (pod) => at(container(pod), 'restartCount') === 1);
        await k.until('the second run to listen', async () =>
          (await k.said()).some(({ what }) => what === 'listening'),
        );
        await k.tell(k.id, '/exit?code=0');
        const ended = await k.untilObject(
          'pods',
          k.id,
          'is done',
          (pod) => at(pod, 'status.phase') === 'Succeeded',
        );
        assert.equal(at(container(ended), 'restartCount'), 1);
      },
    },
    {
      name: 'what a container wrote to its termination log is its termination message',
      source: 'kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure',
      run: async (k) => {
        await k.pod(
          { MESSAGE: 'no beans', EXIT_AFTER_MS: '100', EXIT_CODE: '1' },
          { spec: { restartPolicy: 'Never' } },
        );
        const ended = await k.untilObject(
          'pods',
          k.id,
          'has failed',
          (pod) => at(pod, 'status.phase') === 'Failed',
        );
        assert.equal(at(container(ended), 'state.terminated.message'), 'no beans');
      },
    },
    {
      name: 'with FallbackToLogsOnError the last lines of the log are, when it wrote none and failed',
      source: 'kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure',
      run: async (k) => {
        await k.pod(
          { LINES: '3', EXIT_AFTER_MS: '100', EXIT_CODE: '1' },
          {
            container: { terminationMessagePolicy: 'FallbackToLogsOnError' },
            spec: { restartPolicy: 'Never' },
          },
        );
        const ended = await k.untilObject(
          'pods',
          k.id,
          'has failed',
          (pod) => at(pod, 'status.phase') === 'Failed',
        );
        assert.match(String(at(container(ended), 'state.terminated.message')), /"line":3[^]*"what":"exit"/);
      },
    },
  ],
};
