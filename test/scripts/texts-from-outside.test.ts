import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startLiveServer } from '../../scripts/demo/live/live-server.ts';
import type { LiveView } from '../../scripts/demo/page/live-view.ts';
import { renderHtml } from '../../scripts/demo/report/render-html.ts';
import { renderMarkdown } from '../../scripts/demo/report/render-markdown.ts';
import { writeReport } from '../../scripts/demo/report/write-report.ts';
import { summarizeDemo } from '../../scripts/demo/summary.ts';
import { systemClock } from '../../scripts/shared/clock.ts';
import { connectCluster } from '../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../scripts/shared/kubernetes.ts';
import { resources } from '../../scripts/shared/resources.ts';
import { askPrometheus } from '../../scripts/switch/canary/prometheus-source.ts';
import { smokeTest } from '../../scripts/switch/cluster-state/smoke-test.ts';
import { recordEvent } from '../../scripts/switch/command/events.ts';
import { createJournal } from '../../scripts/switch/command/journal.ts';
import { createTerminalReporter } from '../../scripts/switch/command/reporter.ts';
import { describeStatus } from '../../scripts/switch/command/describe-status.ts';
import type { SwitchContext } from '../../scripts/switch/context.ts';
import { shiftTraffic } from '../../scripts/switch/steps/shift-traffic.ts';
import { hostile, invisible, nasty } from '../support/hostile.ts';
import { lateGateway, loss, run as demoRun } from './demo/report/run.ts';
import { json, startFakeApiServer, status, type FakeApiServer } from './shared/cluster/fake-api-server.ts';

const root = path.resolve(import.meta.dirname, '../..');
let folder: string;
let fake: FakeApiServer;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'texts-from-outside-'));
  fake = await startFakeApiServer();
});
afterAll(async () => {
  await fake.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Green, red, and the end of either. */
const ourColours = new RegExp(`${String.fromCharCode(27)}\\[(3[129]|32)m`, 'g');

/** Neither obeyed by a terminal nor to be taken for a line of ours. */
function expectText(output: string): void {
  expect(output).not.toMatch(invisible);
  expect(output).not.toMatch(/^ ✓ (forged|Delete)/m);
}

describe('what a cluster says, told by a command', () => {
  /** Without a home, a playground or a kubectl to be found by chance. */
  function run(script: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve) => {
      const child = spawn(process.execPath, ['--import', './load-typescript.mjs', script, ...args], {
        cwd: root,
        env: { PATH: folder, HOME: folder, TMPDIR: folder, XDG_RUNTIME_DIR: folder },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => (output += text));
      child.on('close', (code) => resolve({ code, output }));
    });
  }
  /** A kubeconfig whose context bears such a name too. */
  const kubeconfig = () => {
    const file = path.join(folder, 'config.yaml');
    const named = readFileSync(fake.kubeconfig, 'utf8')
      .replace('current-context: fake', `current-context: ${JSON.stringify(nasty)}`)
      .replace('{ name: fake, context', `{ name: ${JSON.stringify(nasty)}, context`);
    writeFileSync(file, named);
    return file;
  };

  const commands: [name: string, script: string, ...args: string[]][] = [
    ['switch status', 'scripts/switch/main.ts', 'status'],
    ['switch status as JSON', 'scripts/switch/main.ts', 'status', '--json'],
    ['switch', 'scripts/switch/main.ts', '--to', 'v2'],
    ['switch --undo as JSON', 'scripts/switch/main.ts', '--undo', '--json'],
    ['switch --promote', 'scripts/switch/main.ts', '--promote'],
    ['render apply', 'scripts/render/main.ts', 'apply', 'k8s/cluster.yaml', '-i', 'service'],
    ['demo', 'scripts/demo/main.ts', '--scenario', 'istio-switch', '--image', 'coffee-shop:1'],
    ['conformance', 'scripts/playground/test/conformance/main.ts', '--only', 'nothing-else'],
  ];
  // Demo and playground may have been left out.
  const present = commands.filter(([, script]) => existsSync(path.join(root, script)));

  it.each(present)('is text in the output of %s', async (_name, script, ...args) => {
    fake.otherwise = status(403, nasty, `refused ${nasty}`);
    const { code, output } = await run(script, ...args, '--kubeconfig', kubeconfig());
    expect(code).not.toBe(0);
    expect(output.length).toBeGreaterThan(20);
    expectText(output);
  });
});

describe('what a cluster says, told by a part of the switch', () => {
  it.each([true, false])('is text in the lines of its steps (on a terminal: %s)', (isTTY) => {
    let written = '';
    const output = {
      isTTY,
      columns: 500,
      hasColors: () => isTTY,
      write: (text: string) => (written += text),
    };
    let now = 0;
    const reporter = createTerminalReporter(output, () => (now += 20_000));
    for (const text of [...hostile, nasty]) {
      reporter.begin(text);
      reporter.stepStarted(text, 'add-subset');
      reporter.progress(text);
      reporter.stepDone(text, { durationMs: 1, requests: undefined });
      reporter.stepStarted(text, 'add-subset');
      reporter.stepFailed(text);
      reporter.note(text);
      reporter.end(text);
    }
    // Ours: what redraws the spinner's line, and the colours of the marks.
    expectText(written.replaceAll('\r\x1b[K', '').replaceAll(ourColours, ''));
    expect(written.split('\n').filter((line) => line.includes('forged'))).toHaveLength(isTTY ? 5 : 6);
  });

  it('is text in the journal', () => {
    const file = path.join(folder, 'journal');
    const journal = createJournal(file);
    journal.begin(nasty);
    journal.stepFailed(nasty);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expectText(line);
      for (const value of Object.values(JSON.parse(line) as object)) expectText(String(value));
    }
  });

  it('is text in Events', async () => {
    let event: KubernetesObject | undefined;
    const virtualService = { metadata: { name: 'coffee-shop' }, spec: {} };
    await recordEvent(
      {
        options: { events: true },
        clock: systemClock,
        app: 'coffee-shop',
        namespace: 'shop',
        from: 'v1',
        to: 'v2',
        lastSeen: {
          routesName: { kind: 'VirtualService', name: 'coffee-shop' },
          objects: [{ resource: resources.virtualServices, object: virtualService }],
        },
        cluster: { create: (object: KubernetesObject) => Promise.resolve((event = object)) },
        createId: () => '00',
      } as unknown as SwitchContext,
      { part: shiftTraffic, title: 'Send all traffic to v2', detail: hostile.join('') + nasty, ok: false },
    );
    const message = String(event?.['message']);
    expect(message).toContain('v1 to v2: Send all traffic to v2: ');
    expectText(message);
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThanOrEqual(1024);
  });

  it('is text in the status: who holds the Lease, what the versions and the last switch are called', () => {
    const text = describeStatus({
      app: 'coffee-shop',
      live: [{ version: nasty, weight: 100 }],
      versions: [
        {
          ...{ version: nasty, share: 100, subset: undefined, ready: 1, deployed: true, replicas: 2 },
          answers503: nasty,
        },
      ],
      record: { id: nasty, from: nasty, to: nasty, phase: 'running', startedAt: nasty },
      unfinished: true,
      holder: nasty,
    });
    expectText(text);
    expect(text.split('\n')).toHaveLength(6);
  });

  it('is text in what a smoke test and Prometheus are refused with', async () => {
    const cluster = await connectCluster({ kubeconfigs: [fake.kubeconfig] }, { fieldManager: 'test' });
    try {
      fake.onForward = (send) => () =>
        send('HTTP/1.1 200 OK\r\nx-version: v9\x9b2J\r\ncontent-length: 0\r\n\r\n');
      const pod = { metadata: { name: 'a-pod', namespace: 'shop' }, spec: { containers: [] } };
      const smoke = smokeTest(cluster, pod, { path: '/', port: 8080 }, 'v2').then(String, String);
      expectText(await smoke);
      expect(await smoke).toContain('answered as v9');
      fake.otherwise = json(422, { status: 'error', error: nasty });
      const refused = askPrometheus(fake.url, 'up', AbortSignal.timeout(5000)).then(String, String);
      expectText(await refused);
      expect(await refused).toContain('answered 422: v9');
    } finally {
      await cluster.close();
    }
  });
});

describe('what servers and clusters say, told by the demo', () => {
  const observation = {
    ...lateGateway,
    pods: lateGateway.pods.map((pod) => ({ ...pod, name: `${pod.name}${nasty}`, version: nasty })),
  };
  const result = demoRun({
    error: nasty,
    verdict: 'shown',
    observation,
    losses: [loss(7_100, '503', `503 ${nasty}`), loss(9_000, 'reset', nasty)],
  });
  if (result.account) result.account.byVersion = { [nasty]: 1 };
  if (result.account) result.account.byReason = { [nasty]: 2 };
  const report = {
    settings: { qps: 500, connections: 50, loadMs: 1, lagMs: 1, seed: 1, delays: [nasty], on: nasty },
    scenarios: [result],
  } as unknown as Parameters<typeof renderHtml>[0];

  it('is text in its last words', () => {
    expectText(summarizeDemo([result]).replaceAll(' ✓ forged', ''));
    expect(summarizeDemo([result])).toContain('forged');
  });

  it('is text in its reports', async () => {
    expectText(renderMarkdown(report));
    expectText(renderHtml(report, { css: '', script: '' }));
    await writeReport(folder, report);
    expectText(readFileSync(path.join(folder, 'report.json'), 'utf8'));
  });

  it('is text on the live page', async () => {
    const server = await startLiveServer({ view: () => ({ events: [nasty] }) as unknown as LiveView });
    try {
      const answer = await fetch(`${server.url}events`);
      const reader = answer.body?.getReader();
      const read = (await reader?.read()) as { value?: Uint8Array } | undefined;
      const text = Buffer.from(read?.value ?? []).toString();
      expect(text).toContain('v9');
      expectText(text);
      expectText(JSON.stringify(JSON.parse(text.slice(text.indexOf('{')))));
      await reader?.cancel();
    } finally {
      await server.close();
    }
  });
});
