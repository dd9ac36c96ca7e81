import { afterEach, describe, expect, it } from '@jest/globals';
import type { SidecarRuntime } from '../../network-types.ts';
import { isReady, startTestNode, type TestNode } from '../support/playground-node.ts';

let node: TestNode;
afterEach(() => node.close());

/** A mesh that does nothing but say what it was asked, and takes its time to end. */
function fakeMesh(terminateMs: number): { runtime: SidecarRuntime; asked: { at: number; what: string }[] } {
  const asked: { at: number; what: string }[] = [];
  const note = (what: string): void => void asked.push({ at: Date.now(), what });
  const runtime: SidecarRuntime = {
    async start({ ports }) {
      await Promise.resolve();
      note(`proxy start ${ports.join()}`);
    },
    isReady: () => true,
    drain: () => note('proxy drain'),
    async terminate(_uid, mode) {
      note(`proxy sigterm ${mode}`);
      await new Promise((resolve) => setTimeout(resolve, terminateMs));
      note('proxy gone');
    },
    kill: () => note('proxy killed'),
  };
  return { runtime, asked };
}

const app = (name: string, port: number, more: Record<string, unknown> = {}) => ({
  name,
  image: 'pod-app:1',
  ports: [{ containerPort: port }],
  env: [
    { name: 'PORT_TO_USE', value: String(port) },
    { name: 'PRESTOP_MS', value: '10000' },
  ],
  ...more,
});
const proxy = {
  name: 'istio-proxy',
  image: 'istio/proxyv2:1',
  readinessProbe: { httpGet: { path: '/healthz/ready', port: 15_021 }, periodSeconds: 1 },
};

async function linesOf(
  name: string,
  container: string,
  prefix: string,
): Promise<{ at: number; what: string }[]> {
  const lines: { at: number; what: string }[] = [];
  for await (const line of node.kubelet.readLogs('default', name, container, { follow: true })) {
    const { at, what } = JSON.parse(line) as { at: number; what: string };
    lines.push({ at, what: `${prefix} ${what}` });
  }
  return lines;
}

describe('native sidecars', () => {
  it('start before the apps and end after them, the last one first', async () => {
    node = await startTestNode();
    node.pod(
      'one',
      {},
      {
        initContainers: [
          app('first', 8081, {
            restartPolicy: 'Always',
            startupProbe: { httpGet: { path: '/ready', port: 8081 }, periodSeconds: 1 },
          }),
          app('setup', 8090, {
            command: ['node', '-e', 'console.log(JSON.stringify({ at: Date.now(), what: "ran" }))'],
          }),
          app('second', 8082, { restartPolicy: 'Always' }),
        ],
        containers: [app('app', 8080)],
      },
    );
    await node.until('one', isReady);
    await Promise.all(['first', 'second', 'app'].map((container) => node.listening('one', container)));
    const lines = Promise.all([
      linesOf('one', 'first', 'first'),
      linesOf('one', 'setup', 'setup'),
      linesOf('one', 'second', 'second'),
      linesOf('one', 'app', 'app'),
    ]);
    node.store.delete('v1/pods', 'default', 'one');
    const seen = (await lines)
      .flat()
      .sort((a, b) => a.at - b.at)
      .map(({ what }) => what);
    await node.gone('one');
    const started = seen.filter(
      (what) => what.endsWith('start') || what.endsWith('ran') || what === 'first listening',
    );
    expect(started.slice(0, 3)).toEqual(['first start', 'first listening', 'setup ran']);
    expect(started.slice(3).sort()).toEqual(['app start', 'second start']);
    expect(seen.filter((what) => what.endsWith('sigterm'))).toEqual([
      'app sigterm',
      'second sigterm',
      'first sigterm',
    ]);
  });

  it('drain the proxy when the pod begins to end, and end it when the app is gone', async () => {
    const { runtime, asked } = fakeMesh(0);
    node = await startTestNode({ sidecars: runtime });
    node.pod(
      'one',
      {},
      { initContainers: [{ ...proxy, restartPolicy: 'Always' }], containers: [app('app', 8080)] },
    );
    await node.until('one', isReady);
    await node.listening('one', 'app');
    const lines = linesOf('one', 'app', 'app');
    node.store.delete('v1/pods', 'default', 'one');
    const appLines = await lines;
    await node.gone('one');
    const order = [...asked, ...appLines].sort((a, b) => a.at - b.at).map(({ what }) => what);
    expect(
      order.filter((what) => !what.startsWith('app start') && !what.startsWith('app listening')),
    ).toEqual([
      'proxy start 8080',
      'proxy drain',
      'app sigterm',
      'app exit',
      'proxy sigterm native',
      'proxy gone',
    ]);
  });
});

describe('a classic sidecar', () => {
  it('gets SIGTERM at once, and a preStop httpGet breaks off when it is gone', async () => {
    const { runtime, asked } = fakeMesh(300);
    node = await startTestNode({ sidecars: runtime });
    const hook = { lifecycle: { preStop: { httpGet: { path: '/prestop', port: 8080 } } } };
    node.pod('one', {}, { containers: [app('app', 8080, hook), proxy] });
    await node.until('one', isReady);
    await node.listening('one', 'app');
    const lines = linesOf('one', 'app', 'app');
    node.store.delete('v1/pods', 'default', 'one');
    const appLines = await lines;
    await node.gone('one');
    const order = [...appLines, ...asked].sort((a, b) => a.at - b.at).map(({ what }) => what);
    expect(
      order.filter((what) => !['app start', 'app listening', 'proxy start 8080'].includes(what)),
    ).toEqual(
      // SIGTERM to the proxy and the hook's arrival at the app happen at the same time.
      [
        ...order.filter((what) => what === 'proxy sigterm classic' || what === 'app prestop begin'),
        'proxy gone',
        'app sigterm',
        'app exit',
      ],
    );
    expect(order).toEqual(expect.arrayContaining(['proxy sigterm classic', 'app prestop begin']));
    expect(node.events('one')).toContain('FailedPreStopHook: PreStopHook failed');
  });

  it('does not cut an exec hook short', async () => {
    const { runtime } = fakeMesh(50);
    node = await startTestNode({ sidecars: runtime });
    const hook = {
      lifecycle: { preStop: { exec: { command: ['node', '-e', 'setTimeout(() => {}, 500)'] } } },
    };
    node.pod('one', {}, { containers: [app('app', 8080, hook), proxy] });
    await node.until('one', isReady);
    await node.listening('one', 'app');
    const lines = linesOf('one', 'app', 'app');
    const deletedAt = Date.now();
    node.store.delete('v1/pods', 'default', 'one');
    const sigterm = (await lines).find(({ what }) => what === 'app sigterm');
    await node.gone('one');
    expect((sigterm?.at ?? 0) - deletedAt).toBeGreaterThanOrEqual(500);
    expect(node.events('one').join()).not.toContain('FailedPreStopHook');
  });
});
