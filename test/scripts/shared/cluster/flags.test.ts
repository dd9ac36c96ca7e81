import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chooseCluster } from '../../../../scripts/shared/cluster/flags.ts';
import { UsageError } from '../../../../scripts/shared/errors.ts';
import {
  announcePlayground,
  findRunningPlayground,
  runningPlaygroundFile,
  withdrawPlayground,
} from '../../../../scripts/shared/running-playground.ts';

let home: string;
let file: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'cluster-flags-'));
  file = path.join(home, 'cluster.yaml');
  writeFileSync(file, '');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const playground = () => ({
  pid: process.pid,
  kubeconfig: '/playground',
  gatewayUrl: 'http://g',
  serviceUrl: 'http://s',
});
const none = () => undefined;

describe('chooseCluster', () => {
  it('prefers --kubeconfig over KUBECONFIG over the playground', () => {
    const env = { KUBECONFIG: file };
    const other = path.join(home, 'other.yaml');
    writeFileSync(other, '');
    expect(chooseCluster({ kubeconfig: other }, { env, home, playground }).kubeconfigs).toEqual([other]);
    expect(chooseCluster({}, { env, home, playground }).kubeconfigs).toEqual([file]);
    expect(chooseCluster({}, { env: {}, home, playground }).kubeconfigs).toEqual(['/playground']);
  });

  it('reads the default kubeconfig only when --context names a cluster in it', () => {
    mkdirSync(path.join(home, '.kube'));
    const usual = path.join(home, '.kube/config');
    writeFileSync(usual, '');
    expect(() => chooseCluster({}, { env: {}, home, playground: none })).toThrow(/npm run playground/);
    expect(chooseCluster({ context: 'prod' }, { env: {}, home, playground: none })).toEqual({
      kubeconfigs: [usual],
      context: 'prod',
    });
  });

  it('splits a KUBECONFIG with several files and passes over those that are missing', () => {
    const separator = process.platform === 'win32' ? ';' : ':';
    const env = { KUBECONFIG: [path.join(home, 'gone'), file].join(separator) };
    expect(chooseCluster({}, { env, home }).kubeconfigs).toEqual([file]);
  });

  it.each([
    ['--kubeconfig', { kubeconfig: '/no/such/file' }, {}],
    ['KUBECONFIG', {}, { KUBECONFIG: '/no/such/file' }],
    ['--context', { context: 'prod' }, {}],
  ])('says which file is missing for %s', (flag, flags, env) => {
    expect(() => chooseCluster(flags, { env, home, playground })).toThrow(flag);
  });
});

describe('running playgrounds', () => {
  const word = (pid: number, kubeconfig = kubeconfigOf('word')) => ({ ...playground(), pid, kubeconfig });
  const kubeconfigOf = (name: string): string => {
    const file = path.join(home, `${name}.kubeconfig`);
    writeFileSync(file, '');
    return file;
  };
  const folder = (): string => mkdtempSync(path.join(home, 'words-'));

  it('are found while their process lives and by nobody after they have withdrawn', () => {
    const words = folder();
    announcePlayground(word(process.pid), words);
    expect(findRunningPlayground(words)).toEqual(word(process.pid));
    withdrawPlayground(process.pid + 1, words);
    expect(findRunningPlayground(words)).toBeDefined();
    withdrawPlayground(process.pid, words);
    expect(findRunningPlayground(words)).toBeUndefined();
  });

  it('are named when there are several, and none of them is taken', () => {
    const words = folder();
    const [one, two] = [kubeconfigOf('one'), kubeconfigOf('two')];
    announcePlayground(word(process.pid, one), words);
    announcePlayground(word(process.ppid, two), words);
    expect(() => findRunningPlayground(words)).toThrow(
      new UsageError(
        `2 playgrounds are running: ${[
          { pid: process.pid, file: one },
          { pid: process.ppid, file: two },
        ]
          .sort((a, b) => a.pid - b.pid)
          .map(({ pid, file }) => `process ${pid} (--kubeconfig ${file})`)
          .join(', ')}. Say which one is meant.`,
      ),
    );
  });

  it('do not count when their process or their kubeconfig is gone or the file is broken, and leave nothing', () => {
    const words = folder();
    announcePlayground(word(2 ** 22 + 1), words);
    announcePlayground(word(process.pid, '/no/such/kubeconfig'), words);
    writeFileSync(runningPlaygroundFile(process.ppid, words), '{"pid":');
    expect(findRunningPlayground(words)).toBeUndefined();
    expect(readdirSync(words)).toEqual([]);
  });
});
