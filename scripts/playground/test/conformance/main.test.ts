import { spawn } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { startPlayground, type Playground } from '../../index.ts';
import { connectCluster, type Cluster } from '../../../shared/cluster/cluster.ts';
import { resources } from '../../../shared/resources.ts';
import { endAfterAll } from '../../../../test/support/end-after-all.ts';
import { loadTypeScript } from '../../../shared/load-typescript.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
let playground: Playground;
let cluster: Cluster;
/** Whether the user may make namespaces. */
let mayMakeNamespaces = true;

const atEnd = endAfterAll();
beforeAll(async () => {
  playground = await startPlayground({
    mesh: 'none',
    authorize: ({ verb, resource }) => mayMakeNamespaces || verb !== 'create' || resource !== 'namespaces',
  });
  atEnd(() => playground.close());
  cluster = await connectCluster({ kubeconfigs: [playground.kubeconfig] }, { fieldManager: 'test' });
  atEnd(() => cluster.close());
}, 120_000);

const namespaces = async (): Promise<string[]> =>
  (await cluster.list(resources.namespaces))
    .map(({ metadata }) => metadata.name)
    .filter((name) => name.startsWith('conformance-'));

function run(args: string[], onText: (text: string, kill: () => void) => void = () => undefined) {
  const child = spawn(
    process.execPath,
    [
      ...loadTypeScript,
      'scripts/playground/test/conformance/main.ts',
      '--kubeconfig',
      playground.kubeconfig,
      ...args,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onText(stderr, () => child.kill('SIGINT'));
  });
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
}

describe('npm run conformance', () => {
  it('says of each behaviour whether the cluster has it, and deletes its namespace', async () => {
    const { code, stdout, stderr } = await run(['--json', '--only', 'dry run']);
    expect({ code, said: stderr.split('\n').at(-2) }).toEqual({
      code: 0,
      said: '1 as expected, 0 not, 0 skipped',
    });
    expect(JSON.parse(stdout)).toMatchObject({
      context: 'playground',
      passed: 1,
      behaviours: [{ name: 'a dry run answers as if, and stores nothing', result: 'passed' }],
    });
    expect(await namespaces()).toEqual([]);
  }, 120_000);

  it('skips what needs Istio, with a line, where there is none', async () => {
    const { code, stderr } = await run(['--only', 'weights divide']);
    expect(code).toBe(0);
    expect(stderr).toContain(' - weights divide the requests\n      there is no Istio on this cluster\n');
  }, 120_000);

  it('deletes its namespace also after Ctrl-C', async () => {
    let during: Promise<string[]> | undefined;
    const { code } = await run(['--only', 'restartPolicy'], (text, kill) => {
      if (during !== undefined || !text.includes('namespace conformance-')) return;
      during = namespaces();
      void during.then(kill);
    });
    expect(await during).toHaveLength(1);
    expect(code).toBe(130);
    expect(await namespaces()).toEqual([]);
  }, 180_000);

  it('names the rights that are missing, and makes nothing', async () => {
    mayMakeNamespaces = false;
    try {
      expect(await run([])).toEqual({
        code: 1,
        stdout: '',
        stderr: 'Not allowed: create namespaces in every namespace. Nothing was changed.\n',
      });
    } finally {
      mayMakeNamespaces = true;
    }
  }, 120_000);
});
