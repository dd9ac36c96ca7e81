/** The same files read by the real kubectl and by us. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMissing } from '../../../../scripts/shared/cluster/flags.ts';
import { UnusableKubeconfigs, readKubeconfigs } from '../../../../scripts/shared/cluster/kubeconfig/merge.ts';
import type { Kubeconfig } from '../../../../scripts/shared/cluster/kubeconfig/read-file.ts';
import type { FileSet } from './random-files.ts';

/** What a set of files says, or which of them cannot be used. */
export type Reading = { broken: string[] } | { view: unknown; currentContext: string };

/** Puts the files of a set into an empty folder; returns the absolute entries of its list. */
export function placeFiles({ files, list }: FileSet, folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'team'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    if (content === 'folder') mkdirSync(file);
    else if (content !== 'missing') writeFileSync(file, content.text, content.encoding ?? 'utf8');
  }
  return list.map((name) => (name === '' ? '' : `${folder}/${name}`));
}

/** `kubectl config view --raw -o json` and `kubectl config current-context`. */
export async function readByKubectl(kubectl: string, list: string[], home: string): Promise<Reading> {
  const env = { PATH: process.env['PATH'], HOME: home, KUBECONFIG: list.join(':') };
  const [view, current] = await Promise.all(
    [['view', '--raw', '-o', 'json'], ['current-context']].map((args) =>
      run(kubectl, ['config', ...args], env),
    ),
  );
  if (view === undefined || view.code !== 0) {
    const named = [...(view?.stderr ?? '').matchAll(/error loading config file "([^"]*)"/g)];
    return { broken: named.map(([, file]) => file ?? '').sort() };
  }
  return {
    view: canonical(pick(JSON.parse(view.stdout) as Record<string, unknown>)),
    // Without one it says "current-context is not set".
    currentContext: current?.code === 0 ? current.stdout.slice(0, -1) : '',
  };
}

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += String(text)));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export function readByUs(list: string[]): Reading {
  try {
    const read = readKubeconfigs(list.filter((file) => file !== '' && !isMissing(file)));
    return { view: canonical(viewOf(read)), currentContext: read.currentContext };
  } catch (error) {
    if (error instanceof UnusableKubeconfigs) return { broken: [...error.files].sort() };
    throw error;
  }
}

/** What kubectl keeps besides for others: nothing here reads it further. */
const pick = ({ clusters, users, contexts, ...rest }: Record<string, unknown>) => ({
  ...{ clusters, users, contexts },
  'current-context': rest['current-context'],
});

/** As `config view` prints it. */
function viewOf({ clusters, users, contexts, currentContext }: Kubeconfig): unknown {
  const list = (entries: Map<string, object>, field: string) =>
    [...entries]
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([name, fields]) => ({ name, [field]: printed({ ...fields, file: undefined }) }));
  return {
    clusters: list(clusters, 'cluster'),
    users: list(users, 'user'),
    contexts: list(contexts, 'context'),
    'current-context': currentContext,
  };
}

function printed(fields: Record<string, unknown>): unknown {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (name.endsWith('-data')) return [name, Buffer.from(value as string, 'latin1').toString('base64')];
      if (!(value instanceof Map)) return [name, value];
      const sorted = [...(value as Map<string, unknown>)].sort(([a], [b]) => (a < b ? -1 : 1));
      return [name, sorted.map(([one, extension]) => ({ name: one, extension }))];
    }),
  );
}

/**
 * Without what is empty: kubectl leaves some of it out and prints some as null. Extensions stay as they are.
 */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, one]) => [key, key === 'extension' ? one : canonical(one)] as const)
      .filter(([key, one]) => key === 'extension' || key === 'name' || !isEmpty(key, one)),
  );
}

function isEmpty(key: string, value: unknown): boolean {
  if (typeof value !== 'object') return value === undefined || value === '' || value === false;
  const isMap = key === 'as-user-extra' || key === 'config';
  return value === null || ((isMap || Array.isArray(value)) && Object.keys(value).length === 0);
}
