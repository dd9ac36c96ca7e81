import assert from 'node:assert/strict';
import type { Chapter } from '../behaviour.ts';
import type { Kit } from '../kit.ts';
import { PROBED } from '../kit.ts';
import { at, condition, count, isReady, list, type Thing } from '../objects.ts';

/** Changes the template, so that a rollout begins. */
const rollOut = (k: Kit, version: string): Promise<Thing> =>
  k.patch('deployments', k.id, {
    spec: { template: { metadata: { annotations: { version } } } },
  });

const setsByAge = async (k: Kit): Promise<Thing[]> =>
  (await k.list('replicasets')).sort((a, b) => revisionOf(a) - revisionOf(b));

const revisionOf = ({ metadata }: Thing): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision']);

export const deployments: Chapter = {
  title: 'Deployments',
  behaviours: [
    {
      name: 'a rolling update keeps within maxSurge and maxUnavailable',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.deployment({
          replicas: 3,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        });
        await k.rolledOut(3);
        const sets = await k.record('replicasets');
        await rollOut(k, 'two');
        await k.rolledOut(3);
        const now = new Map<string, Thing>();
        for (const { type, object } of sets.seen) {
          if (type === 'DELETED') continue;
          now.set(object.metadata.name, object);
          if (now.size < 2) continue;
          const sum = (path: string): number =>
            [...now.values()].reduce((total, set) => total + count(set, path), 0);
          assert.ok(sum('spec.replicas') <= 4, 'more pods wanted than replicas + maxSurge');
          assert.ok(sum('status.availableReplicas') >= 3, 'fewer pods available than replicas');
        }
        assert.equal(now.size, 2);
      },
    },
    {
      name: 'Recreate starts no new pod before every old one is gone',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/deployment',
      run: async (k) => {
        await k.deployment({ replicas: 2, strategy: { type: 'Recreate' } });
        await k.rolledOut(2);
        const old = (await k.list('pods')).map(({ metadata }) => metadata.name);
        const pods = await k.record('pods');
        await rollOut(k, 'two');
        await k.rolledOut(2);
        const order = pods.seen
          .filter(({ type }) => type !== 'MODIFIED')
          .map(({ type, object }) => `${type} ${old.includes(object.metadata.name) ? 'old' : 'new'}`);
        const firstNew = order.indexOf('ADDED new');
        const terminal = pods.seen
          .slice(
            0,
            pods.seen.findIndex(
              ({ type, object }) => type === 'ADDED' && !old.includes(object.metadata.name),
            ),
          )
          .filter(
            ({ type, object }) =>
              type === 'DELETED' || ['Succeeded', 'Failed'].includes(String(at(object, 'status.phase'))),
          )
          .map(({ object }) => object.metadata.name);
        assert.ok(firstNew >= 0);
        assert.deepEqual([...new Set(terminal)].sort(), [...old].sort());
      },
    },
    {
      name: 'a paused Deployment starts no rollout; resumed it does',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/deployment',
      run: async (k) => {
        await k.deployment({ paused: false });
        await k.rolledOut(1);
        await k.patch('deployments', k.id, { spec: { paused: true } });
        await k.untilObject(
          'deployments',
          k.id,
          'says that it is paused',
          (object) => condition(object, 'Progressing')?.reason === 'DeploymentPaused',
        );
        await rollOut(k, 'two');
        const scaled = await k.patch('deployments', k.id, { spec: { replicas: 2 } });
        // The size is followed also while paused: once it is, the template was seen and left.
        await k.untilObject(
          'deployments',
          k.id,
          'has its new size',
          (object) =>
            count(object, 'status.availableReplicas') === 2 &&
            at(object, 'status.observedGeneration') === scaled.metadata.generation,
        );
        assert.equal((await k.list('replicasets')).length, 1);
        await k.patch('deployments', k.id, { spec: { paused: false } });
        await k.rolledOut(2);
        assert.equal((await k.list('replicasets')).length, 2);
      },
    },
    {
      name: 'a rollout that does not get on says ProgressDeadlineExceeded, and the old pods stay',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.deployment({ progressDeadlineSeconds: 3 });
        await k.rolledOut(1);
        const template = k.template({ READY: 'no' }, { container: PROBED });
        await k.patch('deployments', k.id, { spec: { template } });
        const stuck = await k.untilObject(
          'deployments',
          k.id,
          'is past its deadline',
          (object) => condition(object, 'Progressing')?.reason === 'ProgressDeadlineExceeded',
        );
        const newest = (await setsByAge(k)).at(-1)?.metadata.name;
        const said = condition(stuck, 'Progressing');
        assert.equal(said?.status, 'False');
        assert.equal(said.message, `ReplicaSet "${String(newest)}" has timed out progressing.`);
        assert.equal(condition(stuck, 'Available')?.status, 'True');
        assert.equal(count(stuck, 'status.availableReplicas'), 1);
      },
    },
    {
      name: 'a pod counts as available only after minReadySeconds',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/deployment',
      run: async (k) => {
        const seen = await k.record('deployments');
        await k.deployment({ minReadySeconds: 3 });
        await k.rolledOut(1);
        const steps = seen.seen.map(({ object }) => [
          count(object, 'status.readyReplicas'),
          count(object, 'status.availableReplicas'),
        ]);
        assert.ok(
          steps.some(([ready, available]) => ready === 1 && available === 0),
          'ready, not yet available',
        );
        const pod = (await k.list('pods'))[0];
        const since = list(pod, 'status.conditions').find((one) => at(one, 'type') === 'Ready');
        assert.ok(Date.now() - Date.parse(String(at(since, 'lastTransitionTime'))) >= 3_000);
      },
    },
    {
      name: 'old ReplicaSets beyond revisionHistoryLimit go, oldest first',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/deployment',
      run: async (k) => {
        await k.deployment({ revisionHistoryLimit: 1 });
        await k.rolledOut(1);
        for (const version of ['two', 'three']) {
          await rollOut(k, version);
          await k.rolledOut(1);
        }
        await k.until(
          'one old ReplicaSet to be left',
          async () => (await k.list('replicasets')).length === 2,
        );
        assert.deepEqual((await setsByAge(k)).map(revisionOf), [2, 3]);
      },
    },
    {
      name: 'going back to an earlier template takes its ReplicaSet again, under a new revision',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.deployment();
        await k.rolledOut(1);
        const first = (await k.list('replicasets'))[0]?.metadata.name;
        await rollOut(k, 'two');
        await k.rolledOut(1);
        await k.patch('deployments', k.id, {
          spec: { template: { metadata: { annotations: { version: null } } } },
        });
        await k.rolledOut(1);
        const sets = await setsByAge(k);
        assert.deepEqual(sets.map(revisionOf), [2, 3]);
        const last = sets.at(-1);
        assert.equal(last?.metadata.name, first);
        assert.equal(last?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1');
        assert.equal(revisionOf(await k.get('deployments')), 3);
      },
    },
    {
      name: 'every change of size is told in a ScalingReplicaSet event',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.deployment();
        await k.rolledOut(1);
        const set = String((await k.list('replicasets'))[0]?.metadata.name);
        await k.event(
          'ScalingReplicaSet',
          k.id,
          (text) => text === `Scaled up replica set ${set} from 0 to 1`,
        );
        await k.patch('deployments', k.id, { spec: { replicas: 0 } });
        await k.event(
          'ScalingReplicaSet',
          k.id,
          (text) => text === `Scaled down replica set ${set} from 1 to 0`,
        );
        const [pod] = (await k.events(set)).filter(({ reason }) => reason === 'SuccessfulCreate');
        assert.match(pod?.message ?? '', new RegExp(`^Created pod: ${set}-`));
      },
    },
    {
      name: 'a rollout’s pods come up under ReplicaSets named after the template’s hash',
      source: 'recorded: Kubernetes 1.36.4',
      difference: 'the hash is made of other text, so its value differs',
      run: async (k) => {
        await k.deployment();
        await k.rolledOut(1);
        const set = (await k.list('replicasets'))[0];
        const hash = set?.metadata.labels?.['pod-template-hash'];
        assert.equal(set?.metadata.name, `${k.id}-${String(hash)}`);
        const pod = (await k.list('pods'))[0];
        assert.equal(pod?.metadata.labels?.['pod-template-hash'], hash);
        assert.match(
          pod?.metadata.name ?? '',
          new RegExp(`^${k.id}-${String(hash)}-[bcdfghjklmnpqrstvwxz2456789]{5}$`),
        );
        assert.ok(pod && isReady(pod));
      },
    },
  ],
};

export const replicaSets: Chapter = {
  title: 'ReplicaSets',
  behaviours: [
    {
      name: 'a deleted pod is replaced at once, not when it is gone',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.deployment({}, k.template({ TERM_MS: '1500' }, { container: PROBED }));
        await k.rolledOut(1);
        const old = String((await k.list('pods'))[0]?.metadata.name);
        const pods = await k.record('pods');
        await k.delete('pods', old);
        await k.gone('pods', old);
        const order = pods.seen.map(({ type, object }) =>
          object.metadata.name === old ? `${type} old` : `${type} new`,
        );
        assert.ok(order.indexOf('ADDED new') < order.indexOf('DELETED old'), order.join(', '));
      },
    },
    {
      name: 'a pod whose label no longer matches is let go, and another takes its place',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.deployment();
        await k.rolledOut(1);
        const old = String((await k.list('pods'))[0]?.metadata.name);
        await k.patch('pods', old, { metadata: { labels: { app: 'other' } } });
        const released = await k.untilObject('pods', old, 'has no owner', ({ metadata }) => {
          return metadata.ownerReferences === undefined;
        });
        assert.equal(at(released, 'status.phase'), 'Running');
        await k.until('a second pod', async () => (await k.list('pods')).length === 2);
      },
    },
    {
      name: 'an orphan that matches is adopted instead of a new pod being made',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.pod();
        await k.create('replicasets', {
          spec: { replicas: 1, selector: { matchLabels: { app: k.id } }, template: k.template() },
        });
        const pod = await k.untilObject('pods', k.id, 'has an owner', ({ metadata }) => {
          return metadata.ownerReferences !== undefined;
        });
        assert.equal(pod.metadata.ownerReferences?.[0]?.kind, 'ReplicaSet');
        await k.untilObject('replicasets', k.id, 'counts it', (set) => count(set, 'status.replicas') === 1);
        assert.equal((await k.list('pods')).length, 1);
      },
    },
    {
      name: 'scaling down takes the pod that is not ready',
      source: 'kubernetes.io/docs/concepts/workloads/controllers/replicaset',
      run: async (k) => {
        await k.deployment({ replicas: 2 });
        await k.rolledOut(2);
        const [keep, drop] = (await k.list('pods')).map(({ metadata }) => metadata.name);
        await k.tell(String(drop), '/set?ready=no');
        await k.untilObject('pods', String(drop), 'is not ready', (pod) => !isReady(pod));
        await k.patch('deployments', k.id, { spec: { replicas: 1 } });
        await k.gone('pods', drop);
        assert.equal((await k.get('pods', keep)).metadata.deletionTimestamp, undefined);
      },
    },
  ],
};
