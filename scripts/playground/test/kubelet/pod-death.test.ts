import { afterEach, describe, expect, it } from '@jest/globals';
import type { Pod } from '../../pod-types.ts';
import type { EndpointSlice } from '../../network/endpoint-rules.ts';
import { isReady, startTestNode, type TestNode } from '../support/playground-node.ts';

// Orders: as recorded on a real node (Kubernetes 1.36.4).
let node: TestNode;
afterEach(() => node.close());

const probed = { readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 } };
const hooked = (ms: number) => ({
  env: [{ name: 'PRESTOP_MS', value: String(ms) }],
  lifecycle: { preStop: { httpGet: { path: '/prestop', port: 'http' } } },
});

interface Seen {
  at: number;
  what: string;
}

/** Everything that can be seen of one pod's death, by its time. */
async function recordDeath(name: string, grace?: number): Promise<string[]> {
  const seen: Seen[] = [];
  const note = (what: string): void => void seen.push({ at: Date.now(), what });
  const ip = node.get(name)?.status?.podIP ?? '';
  const stops = [
    node.store.watch<Pod>('v1/pods', {}, ({ type, object }) => {
      const { metadata, status } = object;
      if (metadata.deletionTimestamp === undefined) return;
      const state = status?.containerStatuses?.[0]?.state.terminated ? 'terminated' : 'running';
      note(
        type === 'DELETED'
          ? 'pod gone'
          : `pod ${status?.phase ?? ''} ${state} ready=${String(isReady(object))}`,
      );
    }),
    node.store.watch<EndpointSlice>('discovery.k8s.io/v1/endpointslices', {}, ({ object }) => {
      const mine = object.endpoints?.find(({ addresses }) => addresses[0] === ip);
      if (mine === undefined) note('slice without it');
      else if (mine.conditions.terminating)
        note(
          `slice ready=${String(mine.conditions.ready)} serving=${String(mine.conditions.serving)} terminating`,
        );
    }),
    node.store.watch('v1/events', {}, ({ object }) => {
      if (['Killing', 'FailedPreStopHook'].includes(String(object['reason'])))
        note(`event ${String(object['reason'])}`);
    }),
  ];
  const lines = (async () => {
    for await (const line of node.kubelet.readLogs('default', name, undefined, { follow: true })) {
      const { at, what } = JSON.parse(line) as Seen;
      if (!['start', 'listening'].includes(what)) seen.push({ at, what: `app ${what}` });
    }
  })();
  node.store.delete('v1/pods', 'default', name, grace === undefined ? {} : { gracePeriodSeconds: grace });
  await node.gone(name);
  await lines;
  for (const stop of stops) stop();
  const inOrder = seen.sort((a, b) => a.at - b.at).map(({ what }) => what);
  return inOrder.filter((what, index) => inOrder.indexOf(what) === index);
}

/**
 * Without a hook the signal goes out at once; the event that announces
 * it may be seen before or after the app says so.
 */
function withoutAnnouncement(seen: string[]): string[] {
  expect(seen).toContain('event Killing');
  return seen.filter((what) => what !== 'event Killing');
}

function service(): void {
  node.store.create('v1/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'one', namespace: 'default' },
    spec: { selector: { app: 'one' }, ports: [{ port: 80, targetPort: 'http' }] },
  });
}

describe('the death of a pod', () => {
  it('comes in the recorded order, with a preStop hook that takes its time', async () => {
    node = await startTestNode();
    service();
    node.pod('one', { ...probed, ...hooked(400), env: [{ name: 'PRESTOP_MS', value: '400' }] });
    await node.until('one', isReady);
    const seen = await recordDeath('one');
    expect(seen).toEqual([
      'pod Running running ready=true',
      // preStop and the control plane run side by side; nobody waits for anybody.
      ...['event Killing', 'app prestop begin', 'slice ready=false serving=true terminating'].sort(
        (a, b) => seen.indexOf(a) - seen.indexOf(b),
      ),
      'app prestop end',
      'app sigterm',
      'app exit',
      'pod Succeeded terminated ready=false',
      'slice without it',
      'pod gone',
    ]);
  });

  it('sends SIGTERM at once without a hook, and reports the exit code', async () => {
    node = await startTestNode();
    node.pod('one', { env: [{ name: 'EXIT_CODE', value: '3' }] });
    await node.listening('one');
    expect(withoutAnnouncement(await recordDeath('one'))).toEqual([
      'pod Running running ready=true',
      'app sigterm',
      'app exit',
      'pod Failed terminated ready=false',
      'pod gone',
    ]);
  });

  it('lets a failing hook be followed by SIGTERM, with an event', async () => {
    node = await startTestNode();
    node.pod('one', { lifecycle: { preStop: { httpGet: { path: '/prestop', port: 9 } } } });
    await node.listening('one');
    const seen = await recordDeath('one');
    expect(seen.slice(1)).toEqual([
      'event Killing',
      'event FailedPreStopHook',
      'app sigterm',
      'app exit',
      'pod Succeeded terminated ready=false',
      'pod gone',
    ]);
  });

  it('ignores the status code of an httpGet hook', async () => {
    node = await startTestNode();
    node.pod('one', { lifecycle: { preStop: { httpGet: { path: '/no-such-page', port: 8080 } } } });
    await node.listening('one');
    expect(await recordDeath('one')).not.toContain('event FailedPreStopHook');
  });

  it('kills what ignores SIGTERM when the grace period is over: exit code 137', async () => {
    node = await startTestNode({ delays: { minimumGrace: 100 } });
    node.pod('one', { env: [{ name: 'ON_SIGTERM', value: 'ignore' }] }, { terminationGracePeriodSeconds: 1 });
    await node.listening('one');
    const deletedAt = Date.now();
    const terminated = node.until(
      'one',
      ({ status }) => status?.containerStatuses?.[0]?.state.terminated !== undefined,
    );
    expect(withoutAnnouncement(await recordDeath('one'))).toEqual([
      'pod Running running ready=true',
      'app sigterm',
      'pod Failed terminated ready=false',
      'pod gone',
    ]);
    expect((await terminated).status?.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 137,
      signal: 9,
      reason: 'Error',
    });
    expect(Date.now() - deletedAt).toBeGreaterThanOrEqual(1_000);
  });

  it('lets PID 1 ignore a SIGTERM nobody handles, as in a container', async () => {
    node = await startTestNode({ delays: { minimumGrace: 100 } });
    node.pod(
      'one',
      { env: [{ name: 'ON_SIGTERM', value: 'unhandled' }] },
      { terminationGracePeriodSeconds: 1 },
    );
    await node.listening('one');
    const terminated = node.until(
      'one',
      ({ status }) => status?.containerStatuses?.[0]?.state.terminated !== undefined,
    );
    await recordDeath('one');
    expect((await terminated).status?.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(137);
  });

  it('leaves SIGTERM its minimum when the hook used up the grace period', async () => {
    node = await startTestNode();
    node.pod('one', hooked(60_000), { terminationGracePeriodSeconds: 1 });
    await node.listening('one');
    expect(await recordDeath('one')).toEqual(
      expect.arrayContaining([
        'app prestop begin',
        'app sigterm',
        'app exit',
        'pod Succeeded terminated ready=false',
      ]),
    );
  });

  it('removes the object at once with grace 0; the process still gets SIGTERM', async () => {
    node = await startTestNode();
    node.pod('one');
    await node.listening('one');
    const lines = node.kubelet.readLogs('default', 'one', undefined, { follow: true });
    node.store.delete('v1/pods', 'default', 'one', { gracePeriodSeconds: 0 });
    expect(node.get('one')).toBeUndefined();
    const said: string[] = [];
    for await (const line of lines) said.push((JSON.parse(line) as Seen).what);
    expect(said).toEqual(['start', 'listening', 'sigterm', 'exit']);
  });

  it('runs exec and sleep hooks before SIGTERM', async () => {
    node = await startTestNode();
    const script = `process.stdout.write('x')`;
    node.pod(
      'one',
      {},
      {
        containers: [
          {
            name: 'app',
            image: 'pod-app:1',
            lifecycle: { preStop: { exec: { command: ['node', '-e', script] } } },
          },
          {
            name: 'two',
            image: 'pod-app:1',
            env: [{ name: 'PORT_TO_USE', value: '8081' }],
            lifecycle: { preStop: { sleep: { seconds: 1 } } },
          },
        ],
      },
    );
    await node.until('one', isReady);
    await node.listening('one');
    await node.listening('one', 'two');
    const lines = node.kubelet.readLogs('default', 'one', 'two', { follow: true });
    const deletedAt = Date.now();
    node.store.delete('v1/pods', 'default', 'one');
    let sigtermAt = 0;
    for await (const line of lines) {
      const { at, what } = JSON.parse(line) as Seen;
      if (what === 'sigterm') sigtermAt = at;
    }
    expect(sigtermAt - deletedAt).toBeGreaterThanOrEqual(1_000);
    await node.gone('one');
    expect(node.events('one').filter((event) => event.startsWith('FailedPreStopHook'))).toEqual([]);
  });
});
