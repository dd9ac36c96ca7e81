import assert from 'node:assert/strict';
import type { Chapter } from '../behaviour.ts';
import type { Kit } from '../kit.ts';
import { PROBED } from '../kit.ts';
import { at, condition, container, type Thing } from '../objects.ts';
import type { Seen } from '../recording.ts';

const phase = (pod: unknown): string => String(at(pod, 'status.phase'));

const untilPhase = (k: Kit, wanted: string, name = k.id): Promise<Thing> =>
  k.untilObject('pods', name, `is ${wanted}`, (pod) => phase(pod) === wanted);

const firstTimes = (seen: Seen[], what: (pod: Thing) => string | undefined): string[] => {
  const steps = seen.map(({ object }) => what(object)).filter((step) => step !== undefined);
  return [...new Set(steps)];
};

export const pods: Chapter = {
  title: 'The life of a pod',
  behaviours: [
    {
      name: 'a pod is Pending, Running, and Succeeded when its containers ended well',
      source: 'kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle',
      run: async (k) => {
        const seen = await k.record('pods');
        await k.pod({ EXIT_AFTER_MS: '300' }, { spec: { restartPolicy: 'Never' } });
        const ended = await untilPhase(k, 'Succeeded');
        assert.deepEqual(firstTimes(seen.seen, phase), ['Pending', 'Running', 'Succeeded']);
        assert.deepEqual(
          [condition(ended, 'Ready')?.reason, condition(ended, 'Initialized')?.reason],
          ['PodCompleted', 'PodCompleted'],
        );
        assert.equal(at(container(ended), 'state.terminated.reason'), 'Completed');
      },
    },
    {
      name: 'its conditions come true in order: scheduled, initialized, ready to start containers, ready',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        const seen = await k.record('pods');
        await k.pod({}, { container: PROBED });
        await k.ready();
        const order: string[] = [];
        for (const { object } of seen.seen) {
          for (const type of ['PodScheduled', 'Initialized', 'PodReadyToStartContainers', 'Ready']) {
            if (condition(object, type)?.status === 'True' && !order.includes(type)) order.push(type);
          }
        }
        assert.deepEqual(order, ['PodScheduled', 'Initialized', 'PodReadyToStartContainers', 'Ready']);
      },
    },
    {
      name: 'the events of its start are Scheduled, Pulled, Created, Started',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod();
        await k.listening();
        await k.event('Started');
        const events = await k.events();
        const reasons = events.map(({ reason }) => reason).filter((reason) => reason !== 'Pulling');
        assert.deepEqual([...reasons].sort(), ['Created', 'Pulled', 'Scheduled', 'Started']);
        const said = (wanted: string) => events.find(({ reason }) => reason === wanted)?.message;
        assert.match(
          said('Scheduled') ?? '',
          new RegExp(`^Successfully assigned ${k.namespace}/${k.id} to `),
        );
        assert.equal(said('Created'), 'Container created');
        assert.equal(said('Started'), 'Container started');
      },
    },
    {
      name: 'init containers run one after the other, before the app',
      source: 'kubernetes.io/docs/concepts/workloads/pods/init-containers',
      run: async (k) => {
        const init = (name: string) => k.container({ EXIT_AFTER_MS: '150' }, { name, ports: [] });
        await k.pod({}, { spec: { initContainers: [init('first'), init('second')] } });
        await k.listening();
        const lines = await Promise.all(
          ['first', 'second', 'app'].map((name) => k.said(k.id, { container: name })),
        );
        const [first = [], second = [], app = []] = lines;
        assert.ok((first.at(-1)?.at ?? Infinity) <= (second[0]?.at ?? 0), 'second before first had ended');
        assert.ok((second.at(-1)?.at ?? Infinity) <= (app[0]?.at ?? 0), 'app before second had ended');
        assert.equal(condition(await k.get('pods'), 'Initialized')?.status, 'True');
      },
    },
    {
      name: 'with restartPolicy Never a container that fails makes the pod Failed, with its exit code',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({ EXIT_AFTER_MS: '100', EXIT_CODE: '7' }, { spec: { restartPolicy: 'Never' } });
        const ended = await untilPhase(k, 'Failed');
        const state = at(container(ended), 'state.terminated');
        assert.deepEqual([at(state, 'exitCode'), at(state, 'reason')], [7, 'Error']);
        assert.equal(condition(ended, 'Ready')?.reason, 'PodFailed');
      },
    },
    {
      name: 'a pod past its activeDeadlineSeconds is ended and Failed with DeadlineExceeded',
      source: 'kubernetes.io/docs/concepts/workloads/pods/init-containers',
      run: async (k) => {
        await k.pod({}, { spec: { activeDeadlineSeconds: 2, terminationGracePeriodSeconds: 2 } });
        const ended = await untilPhase(k, 'Failed');
        assert.equal(at(ended, 'status.reason'), 'DeadlineExceeded');
        assert.match(
          String(at(ended, 'status.message')),
          /^Pod was active on the node longer than the specified deadline/,
        );
      },
    },
    {
      name: 'an image that is not there makes the pod wait with ErrImagePull, then ImagePullBackOff',
      source: 'kubernetes.io/docs/concepts/containers/images',
      difference: 'images are the folders of `services/`; nothing is pulled',
      run: async (k) => {
        const seen = await k.record('pods');
        await k.pod({}, { container: { image: 'registry.invalid/none:1', command: undefined } });
        const reason = (pod: unknown): string | undefined => {
          const found = at(pod, 'status.containerStatuses.0.state.waiting.reason');
          return typeof found === 'string' && found.includes('Pull') ? found : undefined;
        };
        await k.until('ImagePullBackOff', () =>
          seen.seen.some(({ object }) => reason(object) === 'ImagePullBackOff'),
        );
        assert.deepEqual(firstTimes(seen.seen, reason), ['ErrImagePull', 'ImagePullBackOff']);
        await k.event('BackOff', k.id, (text) => {
          return text.startsWith('Back-off pulling image "registry.invalid/none:1"');
        });
      },
    },
    {
      name: 'a pod whose ConfigMap is missing waits with CreateContainerConfigError and starts when it comes',
      source: 'kubernetes.io/docs/concepts/configuration/configmap',
      run: async (k) => {
        await k.pod({}, { container: { envFrom: [{ configMapRef: { name: k.id } }] } });
        const waiting = await k.untilObject(
          'pods',
          k.id,
          'waits',
          (pod) => at(container(pod), 'state.waiting.reason') === 'CreateContainerConfigError',
        );
        assert.equal(at(container(waiting), 'state.waiting.message'), `configmap "${k.id}" not found`);
        await k.create('configmaps', { data: { GREETING: 'hello' } });
        await k.listening();
        assert.equal(at(await k.tell(k.id, '/env'), 'GREETING'), 'hello');
      },
    },
  ],
};

/** It does not listen: the containers of a pod share its ports. */
const sidecar = (k: Kit, name: string, env: Record<string, string> = {}) =>
  k.container({ LISTEN: 'no', ...env }, { name, restartPolicy: 'Always', ports: [] });

export const sidecars: Chapter = {
  title: 'Native sidecars',
  behaviours: [
    {
      name: 'sidecars start in order before the app, each when the one before has started',
      source: 'kubernetes.io/docs/concepts/workloads/pods/sidecar-containers',
      run: async (k) => {
        const slow = (name: string) => ({
          ...sidecar(k, name),
          startupProbe: {
            ...k.script('process.exit(0)'),
            periodSeconds: 1,
            initialDelaySeconds: 1,
            timeoutSeconds: 5,
          },
        });
        await k.pod({}, { spec: { initContainers: [slow('first'), slow('second')] } });
        await k.untilObject('pods', k.id, 'runs', (pod) => at(container(pod), 'state.running') !== undefined);
        const starts = await Promise.all(
          ['first', 'second', 'app'].map(async (name) => {
            return k.until(
              `${name} to say that it started`,
              async () => (await k.said(k.id, { container: name })).find(({ what }) => what === 'start')?.at,
            );
          }),
        );
        const [one = 0, two = 0, app = 0] = starts;
        assert.ok(two - one >= 900, `second ${two - one} ms after first, whose probe waits a second`);
        assert.ok(app - two >= 900, `the app ${app - two} ms after second, whose probe waits a second`);
        assert.equal(at(container(await k.get('pods'), 'first'), 'started'), true);
      },
    },
    {
      name: 'sidecars get SIGTERM after the app has ended, the last one first',
      source: 'kubernetes.io/docs/concepts/workloads/pods/sidecar-containers',
      run: async (k) => {
        await k.pod(
          { TERM_MS: '400' },
          { spec: { initContainers: [sidecar(k, 'first'), sidecar(k, 'second', { TERM_MS: '300' })] } },
        );
        await k.listening();
        const logs = ['first', 'second', 'app'].map((name) =>
          k.said(k.id, { container: name, follow: 'true' }),
        );
        await k.delete('pods');
        const [first = [], second = [], app = []] = await Promise.all(logs);
        const when = (lines: { at: number; what: string }[], what: string): number =>
          lines.find((line) => line.what === what)?.at ?? 0;
        assert.ok(when(app, 'exit') <= when(second, 'sigterm'), 'second before the app had ended');
        assert.ok(when(second, 'exit') <= when(first, 'sigterm'), 'first before second had ended');
      },
    },
    {
      name: 'a sidecar that ends is started again while the app runs on',
      source: 'kubernetes.io/docs/concepts/workloads/pods/sidecar-containers',
      run: async (k) => {
        await k.pod({}, { spec: { initContainers: [sidecar(k, 'helper', { EXIT_AFTER_MS: '1500' })] } });
        const pod = await k.untilObject(
          'pods',
          k.id,
          'has restarted its sidecar',
          (object) => Number(at(container(object, 'helper'), 'restartCount')) >= 1,
        );
        assert.equal(at(container(pod), 'restartCount'), 0);
        assert.notEqual(at(container(pod), 'state.running'), undefined);
      },
    },
    {
      name: 'a sidecar does not keep a Job from completing',
      source: 'kubernetes.io/docs/concepts/workloads/pods/sidecar-containers',
      run: async (k) => {
        const template = k.template(
          { EXIT_AFTER_MS: '200' },
          { spec: { restartPolicy: 'Never', initContainers: [sidecar(k, 'helper')] } },
        );
        await k.create('jobs', { spec: { template } });
        await k.untilObject(
          'jobs',
          k.id,
          'is complete',
          (job) => condition(job, 'Complete')?.status === 'True',
        );
      },
    },
  ],
};

const every = (path: string, more: Record<string, unknown> = {}) => ({
  httpGet: { path, port: 'http' },
  periodSeconds: 1,
  timeoutSeconds: 5,
  ...more,
});

export const probes: Chapter = {
  title: 'Probes',
  behaviours: [
    {
      name: 'no other probe runs before the startup probe has passed',
      source: 'kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes',
      run: async (k) => {
        await k.pod(
          { STARTED_MS: '1500' },
          {
            container: {
              startupProbe: every('/started', { failureThreshold: 30 }),
              readinessProbe: every('/ready'),
              livenessProbe: every('/live'),
            },
          },
        );
        await k.ready();
        const probed = (await k.said())
          .filter(({ what }) => what === 'probe')
          .map(({ path }) => String(path));
        const last = probed.lastIndexOf('started');
        assert.ok(last >= 1, 'the startup probe failed at first');
        assert.deepEqual(new Set(probed.slice(0, last)), new Set(['started']));
        assert.ok(!probed.slice(last + 1).includes('started'), 'and is not asked again');
      },
    },
    {
      name: 'readiness turns only after failureThreshold failures and successThreshold successes in a row',
      source: 'kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes',
      run: async (k) => {
        const readinessProbe = every('/ready', { failureThreshold: 2, successThreshold: 2 });
        await k.pod({}, { container: { readinessProbe } });
        await k.ready();
        const probed = async (passed: boolean): Promise<number> =>
          (await k.said()).filter((line) => line.what === 'probe' && line['passed'] === passed).length;
        assert.ok((await probed(true)) >= 2, 'one success was enough');
        await k.tell(k.id, '/set?ready=no');
        const unready = await k.untilObject('pods', k.id, 'is not ready', (pod) => {
          return condition(pod, 'Ready')?.status === 'False';
        });
        assert.ok((await probed(false)) >= 2, 'one failure was enough');
        assert.equal(condition(unready, 'Ready')?.reason, 'ContainersNotReady');
        assert.equal(condition(unready, 'Ready')?.message, 'containers with unready status: [app]');
        await k.tell(k.id, '/set?ready=yes');
        await k.ready();
      },
    },
    {
      name: 'a failed probe is an Unhealthy event that says what was answered',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod({ READY: 'no' }, { container: { readinessProbe: every('/ready') } });
        await k.event('Unhealthy', k.id, (text) => {
          return text === 'Readiness probe failed: HTTP probe failed with statuscode: 503';
        });
        await k.pod(
          {},
          {
            name: `${k.id}-tcp`,
            container: { readinessProbe: { tcpSocket: { port: 81 }, periodSeconds: 1 } },
          },
        );
        await k.event('Unhealthy', `${k.id}-tcp`, (text) => {
          return /^Readiness probe failed: dial tcp [\d.]+:81: connect: connection refused$/.test(text);
        });
      },
    },
    {
      name: 'a liveness probe that fails failureThreshold times restarts the container, after its SIGTERM',
      source: 'kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes',
      run: async (k) => {
        await k.pod({}, { container: { livenessProbe: every('/live', { failureThreshold: 2 }) } });
        await k.listening();
        await k.tell(k.id, '/set?live=no');
        await k.untilObject('pods', k.id, 'was restarted', (pod) => at(container(pod), 'restartCount') === 1);
        await k.event('Killing', k.id, (text) => {
          return text === 'Container app failed liveness probe, will be restarted';
        });
        await k.event('Unhealthy', k.id, (text) => {
          return text === 'Liveness probe failed: HTTP probe failed with statuscode: 500';
        });
        const previous = (await k.said(k.id, { previous: 'true' })).map(({ what }) => what);
        assert.deepEqual(previous.slice(-2), ['sigterm', 'exit']);
      },
    },
    {
      name: 'an exec probe passes with exit code 0',
      source: 'kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes',
      run: async (k) => {
        const probe = (code: number) => ({
          readinessProbe: {
            ...k.script(`console.log("code ${code}"); process.exit(${code})`),
            periodSeconds: 2,
            timeoutSeconds: 10,
          },
        });
        await k.pod({}, { container: probe(0) });
        await k.pod({}, { name: `${k.id}-bad`, container: probe(1) });
        await k.ready();
        await k.event('Unhealthy', `${k.id}-bad`, (text) =>
          text.startsWith('Readiness probe failed: code 1'),
        );
        assert.equal(condition(await k.get('pods', `${k.id}-bad`), 'Ready')?.status, 'False');
      },
    },
    {
      name: 'a gRPC probe asks grpc.health.v1.Health/Check and passes with SERVING',
      source: 'kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes',
      run: async (k) => {
        await k.pod(
          { GRPC: 'yes' },
          { container: { readinessProbe: { grpc: { port: 9000 }, periodSeconds: 1, timeoutSeconds: 5 } } },
        );
        await k.ready();
        const asked = (await k.said()).find(({ what }) => what === 'probe');
        assert.equal(asked?.path, '/grpc.health.v1.Health/Check');
        await k.tell(k.id, '/set?ready=no');
        await k.event('Unhealthy', k.id, (text) => {
          return text === 'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")';
        });
      },
    },
  ],
};
