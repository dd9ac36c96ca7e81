import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../shared/wait.ts';
import type { Pod } from '../../pod-types.ts';
import { isReady, startTestNode, type TestNode } from '../support/playground-node.ts';

let node: TestNode;
afterEach(() => node.close());

const restarts = (pod: Pod): number => pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
const waiting = (pod: Pod): string | undefined => pod.status?.containerStatuses?.[0]?.state.waiting?.reason;

describe('a running pod', () => {
  it('finds the files of its image where a volume covers the folder they really lie in', async () => {
    node = await startTestNode();
    const folder = path.join(node.stateDir, 'images/own');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'neighbour.cjs'), "module.exports = 'beside it';");
    const program =
      "const { readFileSync } = require('node:fs'); const text = readFileSync('/app/neighbour.cjs', 'utf8');" +
      "console.log(JSON.stringify({ what: require('./neighbour.cjs'), text, tmp: require('node:fs').readdirSync(process.env.COVERED) }));";
    writeFileSync(path.join(folder, 'main.cjs'), program);
    node.addImage('own', ['node', path.join(folder, 'main.cjs')], folder);
    node.pod(
      'one',
      {
        image: 'own:1',
        env: [{ name: 'COVERED', value: node.stateDir }],
        volumeMounts: [{ name: 'tmp', mountPath: node.stateDir }],
      },
      { restartPolicy: 'Never', volumes: [{ name: 'tmp', emptyDir: {} }] },
    );
    await node.until('one', ({ status }) => status?.phase === 'Succeeded');
    expect(await node.logs('one')).toEqual([
      { what: 'beside it', text: "module.exports = 'beside it';", tmp: [] },
    ]);
  });

  it('is ready when its probe says so, and unready after three failures in a row', async () => {
    node = await startTestNode();
    node.pod('one', {
      readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1, failureThreshold: 3 },
    });
    const pod = await node.until('one', isReady);
    await node.ask(pod, '/be-unready');
    await node.until('one', (now) => !isReady(now));
    const unhealthy = node.store
      .list('v1/events', { namespace: 'default' })
      .find((event) => event['message'] === 'Readiness probe failed: HTTP probe failed with statuscode: 503');
    expect(unhealthy?.['count']).toBe(3);
    expect(node.get('one')?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  it('is restarted by a failing liveness probe, and says why', async () => {
    node = await startTestNode();
    node.pod('one', {
      livenessProbe: {
        httpGet: { path: '/live', port: 8080 },
        periodSeconds: 1,
        failureThreshold: 1,
        initialDelaySeconds: 1,
      },
    });
    const pod = await node.listening('one');
    await node.ask(pod, '/be-dead');
    const restarted = await node.until(
      'one',
      (now) => restarts(now) === 1 && now.status?.containerStatuses?.[0]?.state.running !== undefined,
    );
    expect(node.events('one')).toContain('Killing: Container app failed liveness probe, will be restarted');
    expect(restarted.status?.containerStatuses?.[0]?.lastState.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
      message: 'said goodbye',
    });
    expect(restarted.status?.phase).toBe('Running');
  });

  it('asks no other probe before the startup probe has passed', async () => {
    node = await startTestNode();
    node.pod('one', {
      env: [{ name: 'START_AFTER_MS', value: '1500' }],
      startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { httpGet: { path: '/live', port: 8080 }, periodSeconds: 1, failureThreshold: 1 },
    });
    const pod = await node.until('one', isReady);
    expect(restarts(pod)).toBe(0);
    expect(node.events('one').some((event) => event.startsWith('Unhealthy: Startup probe failed'))).toBe(
      true,
    );
    expect(node.events('one').some((event) => event.startsWith('Unhealthy: Liveness'))).toBe(false);
  });

  it('that is killed from outside is noticed and started again, the third time after a back-off', async () => {
    node = await startTestNode();
    node.pod('one');
    const kill = async (count: number): Promise<Pod> => {
      const running = await node.until(
        'one',
        (now) => restarts(now) === count && now.status?.containerStatuses?.[0]?.state.running !== undefined,
      );
      await node.listening('one');
      const [{ pid }] = (await node.logs('one')) as unknown as [{ pid: number }];
      process.kill(pid, 'SIGKILL');
      return running;
    };
    await kill(0);
    const again = node.until('one', (now) => restarts(now) === 1);
    expect((await again).status?.containerStatuses?.[0]?.lastState.terminated).toMatchObject({
      exitCode: 137,
      signal: 9,
      reason: 'Error',
    });
    await kill(1);
    const backedOff = await node.until('one', (now) => waiting(now) === 'CrashLoopBackOff');
    expect(restarts(backedOff)).toBe(2);
    expect(backedOff.status?.phase).toBe('Running');
    expect(
      node
        .events('one')
        .some((event) =>
          event.startsWith('BackOff: Back-off restarting failed container app in pod one_default('),
        ),
    ).toBe(true);
    await node.until('one', (now) => now.status?.containerStatuses?.[0]?.state.running !== undefined);
  });

  it('with an image nobody knows waits, and starts when the image is there', async () => {
    node = await startTestNode();
    node.pod('one', { image: 'tea-shop:v9' });
    await node.until('one', (now) => waiting(now) === 'ErrImagePull');
    const pod = await node.until('one', (now) => waiting(now) === 'ImagePullBackOff');
    expect(pod.status?.phase).toBe('Pending');
    expect(node.events('one')).toContain('Failed: Error: ErrImagePull');
    node.store.delete('v1/pods', 'default', 'one');
    await node.gone('one');
  });

  it('that needs a ConfigMap waits until it is there', async () => {
    node = await startTestNode();
    node.pod('one', { envFrom: [{ configMapRef: { name: 'menu' } }] });
    await node.until('one', (now) => waiting(now) === 'CreateContainerConfigError');
    node.store.create('v1/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'menu', namespace: 'default' },
      data: { DRINK: 'cortado' },
    });
    const pod = await node.listening('one');
    expect(JSON.parse(await node.ask(pod, '/env'))).toMatchObject({ DRINK: 'cortado' });
  });

  it('of restartPolicy Never comes to its end and keeps its log', async () => {
    node = await startTestNode();
    node.pod(
      'one',
      { command: ['node', '-e', 'console.log(JSON.stringify({ what: "done" })); process.exit(2)'] },
      { restartPolicy: 'Never' },
    );
    const pod = await node.until('one', ({ status }) => status?.phase === 'Failed');
    expect(pod.status?.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(2);
    expect(await node.logs('one')).toEqual([{ what: 'done' }]);
    node.store.delete('v1/pods', 'default', 'one');
    await node.gone('one');
  });

  it('gets its fields, Secrets and files from the API', async () => {
    node = await startTestNode();
    node.store.create('v1/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'beans', namespace: 'default' },
      data: { origin: Buffer.from('Huila').toString('base64') },
    });
    const program = `
      const { readFileSync } = require('node:fs');
      console.log(JSON.stringify({ pod: process.env.POD_NAME, ip: process.env.IP, origin: process.env.ORIGIN, greeting: process.env.GREETING, file: readFileSync('/etc/beans/origin', 'utf8') }));
      setInterval(() => {}, 1000);`;
    node.pod(
      'one',
      {
        command: ['node', '-e', program],
        env: [
          { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'ORIGIN', valueFrom: { secretKeyRef: { name: 'beans', key: 'origin' } } },
          { name: 'GREETING', value: 'hello $(POD_NAME)' },
        ],
        volumeMounts: [{ name: 'beans', mountPath: '/etc/beans' }],
      },
      { volumes: [{ name: 'beans', secret: { secretName: 'beans' } }] },
    );
    const pod = await node.until('one', ({ status }) => status?.phase === 'Running');
    for await (const line of node.kubelet.readLogs('default', 'one', undefined, { follow: true })) {
      expect(JSON.parse(line)).toEqual({
        pod: 'one',
        ip: pod.status?.podIP,
        origin: 'Huila',
        greeting: 'hello one',
        file: 'Huila',
      });
      break;
    }
  });
});

describe('the folders of a pod', () => {
  const beans = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'beans', namespace: 'default' },
    data: { origin: 'Huila' },
  };

  it('are not left by steps back, neither by its working folder nor by a path that its program names', async () => {
    node = await startTestNode();
    node.store.create('v1/configmaps', beans);
    const program = `
      const fs = require('node:fs');
      const missing = (path) => { try { fs.readFileSync(path); return 'read'; } catch ({ code }) { return code; } };
      console.log(JSON.stringify([process.cwd().includes('/containers/'), fs.readFileSync('/data/x/../origin', 'utf8'), missing('/data/../sub/nothing')]));
      setInterval(() => {}, 1000);`;
    node.pod(
      'one',
      {
        command: ['node', '-e', program],
        workingDir: '/data/../../..',
        volumeMounts: [{ name: 'beans', mountPath: '/data' }],
      },
      { volumes: [{ name: 'beans', configMap: { name: 'beans' } }] },
    );
    await node.until('one', ({ status }) => status?.phase === 'Running');
    for await (const line of node.kubelet.readLogs('default', 'one', undefined, { follow: true })) {
      expect(JSON.parse(line)).toEqual([true, 'Huila', 'ENOENT']);
      break;
    }
  });

  it.each([
    ['an item has a file where another one needs a folder', ['a', 'a/b']],
    ['a name is too long for the disk', ['a'.repeat(300)]],
  ])('make the pod wait when %s', async (_what, paths) => {
    node = await startTestNode();
    node.store.create('v1/configmaps', beans);
    const items = paths.map((path) => ({ key: 'origin', path }));
    node.pod(
      'one',
      { volumeMounts: [{ name: 'beans', mountPath: '/data' }] },
      { volumes: [{ name: 'beans', configMap: { name: 'beans', items } }] },
    );
    const failed = (): string[] => node.events('one').filter((event) => event.startsWith('FailedMount'));
    await waitFor(() => failed().length > 0, { deadlineMs: 15_000, what: 'the mount to fail' });
    expect(failed()[0]).toMatch(/^FailedMount: MountVolume.SetUp failed for volume "beans" : E/);
    expect(node.get('one')?.status?.phase).toBe('Pending');
  });
});

describe.each(['address-per-pod', 'port-per-pod'] as const)('a pod on a network of one %s', (mode) => {
  it('is an unmodified service that listens on its declared port and reaches itself by localhost', async () => {
    node = await startTestNode({ mode });
    const pods = ['one', 'two'].map((name) => node.pod(name));
    const [one, two] = await Promise.all(pods.map(({ metadata }) => node.listening(metadata.name)));
    if (one === undefined || two === undefined) throw new Error('not running');
    expect(one.status?.podIP).not.toBe(two.status?.podIP);
    expect(JSON.parse(await node.ask(one, '/env'))).toMatchObject({ HOSTNAME: 'one' });
    expect(JSON.parse(await node.ask(two, '/env'))).toMatchObject({ HOSTNAME: 'two' });
    expect(JSON.parse(await node.ask(one, '/address'))).toMatchObject({ port: 8080 });
    for (const host of ['localhost', '127.0.0.1', one.status?.podIP ?? '']) {
      const answer = await node.ask(one, `/fetch?url=${encodeURIComponent(`http://${host}:8080/env`)}`);
      expect(JSON.parse(answer)).toMatchObject({ HOSTNAME: 'one' });
    }
  });

  it('refuses connections to a dead pod, and does not answer for it later', async () => {
    node = await startTestNode({ mode });
    node.pod('one');
    const one = await node.listening('one');
    const socket = node.network.outside(one.status?.podIP ?? '', 8080);
    node.store.delete('v1/pods', 'default', 'one');
    await node.gone('one');
    node.pod('two');
    const two = await node.listening('two');
    expect(node.network.outside(two.status?.podIP ?? '', 8080)).not.toEqual(socket);
    await expect(fetch(`http://${socket?.host ?? ''}:${socket?.port ?? 0}/`)).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
  });
});
