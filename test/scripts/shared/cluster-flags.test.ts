import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chooseCluster } from '../../../scripts/shared/cluster-flags.ts';
import {
  announcePlayground,
  findRunningPlayground,
  withdrawPlayground,
} from '../../../scripts/shared/running-playground.ts';

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

describe('the running playground', () => {
  it('is found while its process lives and by nobody after it has withdrawn', () => {
    const word = path.join(home, 'word.json');
    announcePlayground(playground(), word);
    expect(findRunningPlayground(word)).toEqual(playground());
    withdrawPlayground(process.pid + 1, word);
    expect(findRunningPlayground(word)).toBeDefined();
    withdrawPlayground(process.pid, word);
    expect(findRunningPlayground(word)).toBeUndefined();
  });

  it('does not count when its process is gone or the file is broken', () => {
    const word = path.join(home, 'word.json');
    announcePlayground({ ...playground(), pid: 2 ** 22 + 1 }, word);
    expect(findRunningPlayground(word)).toBeUndefined();
    writeFileSync(word, '{"pid":');
    expect(findRunningPlayground(word)).toBeUndefined();
  });
});
