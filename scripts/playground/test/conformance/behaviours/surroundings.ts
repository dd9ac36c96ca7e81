import assert from 'node:assert/strict';
import type { Chapter } from '../behaviour.ts';
import type { Kit } from '../kit.ts';
import { PROBED } from '../kit.ts';
import { at, list } from '../objects.ts';

const file = async (k: Kit, path: string): Promise<string> =>
  String(at(await k.tell(k.id, `/file?path=${encodeURIComponent(path)}`), 'text'));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export const configuration: Chapter = {
  title: 'What a container is given',
  behaviours: [
    {
      name: 'ConfigMaps and Secrets are given as environment, whole or by key, and references are filled in',
      source: 'kubernetes.io/docs/concepts/configuration/configmap',
      run: async (k) => {
        await k.create('configmaps', { data: { BEAN: 'arabica', ROAST: 'dark' } });
        await k.create('secrets', { data: { PIN: base64('1234') } });
        await k.pod(
          {},
          {
            container: {
              envFrom: [{ prefix: 'SHOP_', configMapRef: { name: k.id } }],
              env: [
                { name: 'PIN_CODE', valueFrom: { secretKeyRef: { name: k.id, key: 'PIN' } } },
                {
                  name: 'ABSENT',
                  valueFrom: { configMapKeyRef: { name: k.id, key: 'none', optional: true } },
                },
                { name: 'BOTH', value: '$(SHOP_BEAN) $(PIN_CODE) $(NOBODY) $$(SHOP_BEAN)' },
              ],
            },
          },
        );
        await k.listening();
        const env = await k.tell(k.id, '/env');
        assert.deepEqual(
          ['SHOP_BEAN', 'SHOP_ROAST', 'PIN_CODE', 'ABSENT', 'BOTH'].map((name) => at(env, name)),
          ['arabica', 'dark', '1234', undefined, 'arabica 1234 $(NOBODY) $(SHOP_BEAN)'],
        );
      },
    },
    {
      name: 'ConfigMaps and Secrets are given as files, all keys or those named',
      source: 'kubernetes.io/docs/concepts/storage/volumes',
      run: async (k) => {
        await k.create('configmaps', { data: { bean: 'arabica', roast: 'dark' } });
        await k.create('secrets', { data: { pin: base64('1234') } });
        await k.pod(
          {},
          {
            container: {
              volumeMounts: [
                { name: 'menu', mountPath: '/menu' },
                { name: 'one', mountPath: '/one' },
                { name: 'safe', mountPath: '/safe' },
              ],
            },
            spec: {
              volumes: [
                { name: 'menu', configMap: { name: k.id } },
                { name: 'one', configMap: { name: k.id, items: [{ key: 'roast', path: 'of/the/day' }] } },
                { name: 'safe', secret: { secretName: k.id } },
              ],
            },
          },
        );
        await k.listening();
        assert.deepEqual(await k.tell(k.id, '/files?path=/menu'), ['bean', 'roast']);
        assert.deepEqual(await k.tell(k.id, '/files?path=/one'), ['of']);
        assert.equal(await file(k, '/menu/bean'), 'arabica');
        assert.equal(await file(k, '/one/of/the/day'), 'dark');
        assert.equal(await file(k, '/safe/pin'), '1234');
      },
    },
    {
      name: 'files follow a changed ConfigMap, a subPath file and the environment do not',
      source: 'kubernetes.io/docs/concepts/configuration/configmap',
      run: async (k) => {
        await k.create('configmaps', { data: { bean: 'arabica' } });
        await k.pod(
          {},
          {
            container: {
              env: [{ name: 'BEAN', valueFrom: { configMapKeyRef: { name: k.id, key: 'bean' } } }],
              volumeMounts: [
                { name: 'menu', mountPath: '/menu' },
                { name: 'menu', mountPath: '/fixed/bean', subPath: 'bean' },
              ],
            },
            spec: { volumes: [{ name: 'menu', configMap: { name: k.id } }] },
          },
        );
        await k.listening();
        assert.deepEqual([await file(k, '/menu/bean'), await file(k, '/fixed/bean')], ['arabica', 'arabica']);
        await k.patch('configmaps', k.id, { data: { bean: 'robusta' } });
        // The kubelet looks at its pods once a minute, a little spread.
        await k.until('the file to change', async () => (await file(k, '/menu/bean')) === 'robusta', {
          seconds: 150,
        });
        assert.equal(await file(k, '/fixed/bean'), 'arabica');
        assert.equal(at(await k.tell(k.id, '/env'), 'BEAN'), 'arabica');
      },
    },
    {
      name: 'the downward API tells name, namespace, labels, address and limits, as environment and as files',
      source: 'kubernetes.io/docs/concepts/workloads/pods/downward-api',
      run: async (k) => {
        const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
        await k.pod(
          {},
          {
            container: {
              resources: { limits: { memory: '128Mi', cpu: '500m' } },
              env: [
                field('NAME', 'metadata.name'),
                field('SPACE', 'metadata.namespace'),
                field('LABEL', "metadata.labels['app']"),
                field('ADDRESS', 'status.podIP'),
                { name: 'BYTES', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
                { name: 'CORES', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
              ],
              volumeMounts: [{ name: 'about', mountPath: '/about' }],
            },
            spec: {
              volumes: [
                {
                  name: 'about',
                  downwardAPI: {
                    items: [
                      { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                      { path: 'name', fieldRef: { fieldPath: 'metadata.name' } },
                    ],
                  },
                },
              ],
            },
          },
        );
        const pod = await k.listening();
        const env = await k.tell(k.id, '/env');
        assert.deepEqual(
          ['NAME', 'SPACE', 'LABEL', 'ADDRESS', 'BYTES', 'CORES'].map((name) => at(env, name)),
          [k.id, k.namespace, k.id, at(pod, 'status.podIP'), '134217728', '1'],
        );
        assert.equal(await file(k, '/about/labels'), `app="${k.id}"\nbehaviour="${k.id}"`);
        assert.equal(await file(k, '/about/name'), k.id);
      },
    },
    {
      name: 'a pod has its ServiceAccount’s token and the cluster’s CA, and the API server knows it by them',
      source: 'kubernetes.io/docs/tasks/run-application/access-api-from-pod',
      run: async (k) => {
        await k.pod({}, { container: PROBED });
        const pod = await k.ready();
        const mounts = list(pod, 'spec.containers.0.volumeMounts').map((mount) => at(mount, 'mountPath'));
        assert.ok(mounts.includes(ACCOUNT), JSON.stringify(mounts));
        assert.deepEqual(await k.tell(k.id, `/files?path=${ACCOUNT}`), ['ca.crt', 'namespace', 'token']);
        assert.equal(await file(k, `${ACCOUNT}/namespace`), k.namespace);
        const answer = await k.tell(k.id, `/api?path=/api/v1/namespaces/${k.namespace}/secrets`);
        assert.equal(at(answer, 'status'), 403);
        assert.match(
          String(at(JSON.parse(String(at(answer, 'body'))), 'message')),
          new RegExp(
            `^secrets is forbidden: User "system:serviceaccount:${k.namespace}:default" cannot list resource "secrets"`,
          ),
        );
      },
    },
    {
      name: 'automountServiceAccountToken false leaves the token out',
      source: 'kubernetes.io/docs/tasks/configure-pod-container/configure-service-account',
      run: async (k) => {
        await k.pod({}, { spec: { automountServiceAccountToken: false } });
        await k.listening();
        assert.equal(await file(k, `${ACCOUNT}/token`), 'ENOENT');
      },
    },
  ],
};

export const logs: Chapter = {
  title: 'Logs',
  behaviours: [
    {
      name: 'tailLines, timestamps and limitBytes choose what of a log is answered',
      source: 'test/fixtures/kubernetes/requests/subresources.json',
      run: async (k) => {
        await k.pod({ LINES: '20', EXIT_AFTER_MS: '100' }, { spec: { restartPolicy: 'Never' } });
        await k.untilObject('pods', k.id, 'is done', (pod) => at(pod, 'status.phase') === 'Succeeded');
        assert.equal((await k.said()).filter(({ what }) => what === 'line').length, 20);
        const last = await k.log(k.id, { tailLines: '2', timestamps: 'true' });
        assert.match(last, /^(\d{4}-\d\d-\d\dT[\d:.]+Z \{.*\}\n){2}$/);
        assert.equal(Buffer.byteLength(await k.log(k.id, { limitBytes: '30' })), 30);
      },
    },
    {
      name: 'a followed log goes on as lines come and ends with the container',
      source: 'test/fixtures/kubernetes/requests/subresources.json',
      run: async (k) => {
        await k.pod();
        await k.listening();
        const log = k.saidToTheEnd();
        await k.delete('pods');
        assert.deepEqual((await log).slice(-2), ['sigterm', 'exit']);
      },
    },
    {
      name: 'the log of the run before is kept: previous',
      source: 'test/fixtures/kubernetes/requests/subresources.json',
      run: async (k) => {
        await k.pod();
        await k.listening();
        const first = (await k.said())[0]?.at;
        const { status, body } = await k.ask('GET', `pods/${k.id}/log`, { query: { previous: 'true' } });
        assert.equal(status, 400);
        assert.equal(at(body, 'message'), `previous terminated container "app" in pod "${k.id}" not found`);
        await k.tell(k.id, '/exit?code=1');
        await k.untilObject(
          'pods',
          k.id,
          'was restarted',
          (pod) => at(pod, 'status.containerStatuses.0.restartCount') === 1,
        );
        assert.equal((await k.said(k.id, { previous: 'true' }))[0]?.at, first);
      },
    },
  ],
};
