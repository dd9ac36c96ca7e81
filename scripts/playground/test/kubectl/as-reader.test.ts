import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, writeKubeconfig, type ApiServer } from '../../apiserver/index.ts';
import { createStore, type MemoryStore } from '../../storage/store.ts';
import { findTools } from '../../../../test/support/tools/tools.ts';

const tools = await findTools();
const kubectl = typeof tools === 'string' ? undefined : tools.kubectl;
const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-as-reader-'));
const kubeconfig = path.join(folder, 'kubeconfig');
let store: MemoryStore;
let server: ApiServer;

beforeAll(async () => {
  store = createStore();
  store.create('v1/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'app', image: 'x' }] },
  });
  store.mutate(
    'v1/pods',
    'default',
    'p',
    (pod) => {
      pod.status = { phase: 'Running' };
    },
    { subresource: 'status' },
  );
  server = await startApiServer({
    store,
    execInPod: (_namespace, _pod, _container, [file = '', ...args]) => spawn(file, args),
    // eslint-disable-next-line @typescript-eslint/require-await
    readLogs: async function* () {
      yield 'a line\n';
    },
  });
  await writeKubeconfig(kubeconfig, server);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Its exit code and what it printed on both outputs. */
function run(...args: string[]): Promise<[number, string]> {
  return new Promise((resolve) => {
    const environment = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfig };
    execFile(kubectl ?? '', args, { env: environment, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve([error === null ? 0 : Number(error.code), `${stdout}${stderr}`.trim()]),
    );
  });
}

/** What the Role of user `reader` allows beside reading pods. */
function allow(subresource: string, verbs: string[]): void {
  const group = 'rbac.authorization.k8s.io';
  const metadata = { name: 'reader', namespace: 'default' };
  for (const kind of ['roles', 'rolebindings'] as const) {
    if (store.get(`${group}/v1/${kind}`, 'default', 'reader') !== undefined)
      store.delete(`${group}/v1/${kind}`, 'default', 'reader');
  }
  store.create(`${group}/v1/roles`, {
    ...{ apiVersion: `${group}/v1`, kind: 'Role', metadata },
    rules: [
      { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
      { verbs, apiGroups: [''], resources: [`pods/${subresource}`] },
    ],
  });
  store.create(`${group}/v1/rolebindings`, {
    ...{ apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata },
    roleRef: { apiGroup: group, kind: 'Role', name: 'reader' },
    subjects: [{ apiGroup: group, kind: 'User', name: 'reader' }],
  });
}

const canI = async (verb: string, subresource: string): Promise<string> =>
  (await run('auth', 'can-i', verb, 'pods', `--subresource=${subresource}`, '--as=reader'))[1];

describe('real kubectl with --as', () => {
  (kubectl === undefined ? it.skip : it)(
    `may exec, attach and read logs as can-i says, and not otherwise${typeof tools === 'string' ? ` (skipped: ${tools})` : ''}`,
    async () => {
      allow('nothing', ['get']);
      expect(await canI('create', 'exec')).toBe('no');
      for (const command of [
        ['exec', 'p', '--', 'true'],
        ['attach', 'p'],
        ['logs', 'p'],
        ['port-forward', 'p', ':80'],
      ]) {
        const [code, said] = await run('--as=reader', ...command);
        expect([command[0], code]).toEqual([command[0], 1]);
        expect(said).toMatch(/forbidden: User "reader" cannot (get|create) resource "pods\//);
      }
      // The usual Role for exec: kubectl is refused its WebSocket, and takes SPDY.
      allow('exec', ['create']);
      expect(await canI('create', 'exec')).toBe('yes');
      expect(await run('--as=reader', 'exec', 'p', '--', 'echo', 'coffee')).toEqual([0, 'coffee']);
      allow('exec', ['get']);
      expect((await run('--as=reader', 'exec', 'p', '--', 'echo', 'coffee'))[0]).toBe(1);
      allow('exec', ['create', 'get']);
      expect(await run('--as=reader', 'exec', 'p', '--', 'echo', 'coffee')).toEqual([0, 'coffee']);
      expect((await run('--as=reader', 'exec', 'p', '--', 'sh', '-c', 'exit 7'))[0]).toBe(7);
      allow('attach', ['create']);
      expect((await run('--as=reader', 'attach', 'p'))[1]).toContain('a line');
      allow('log', ['get']);
      expect(await run('--as=reader', 'logs', 'p')).toEqual([0, 'a line']);
    },
    60_000,
  );
});
