import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { InputError } from '../sets/input-error.ts';
import type { RenderedSet, RenderRun } from '../sets/render-sets.ts';
import type { SendSurroundings } from './surroundings.ts';
import type { SendCommand } from './surroundings.ts';
import { printable } from '../../shared/printable.ts';

/** The kubectl on PATH, or undefined. */
export function findKubectl(environment: NodeJS.ProcessEnv): string | undefined {
  const names = process.platform === 'win32' ? ['kubectl.exe', 'kubectl.cmd'] : ['kubectl'];
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    for (const name of names) {
      if (folder !== '' && isExecutable(join(folder, name))) return join(folder, name);
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const VERBS: Record<SendCommand['command'], readonly string[]> = {
  apply: ['apply', '-f', '-'],
  replace: ['replace', '--save-config=true', '-f', '-'],
  create: ['create', '--save-config=true', '-f', '-'],
  delete: ['delete', '-f', '-'],
};

function argumentsFor(line: SendCommand, set: RenderedSet): string[] {
  const { kubeconfig, context, namespace } = line.cluster;
  return [
    ...VERBS[line.command],
    ...(line.dryRun === undefined ? [] : [`--dry-run=${line.dryRun}`]),
    `--context=${context ?? ''}`,
    ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
    ...set.set.args,
  ];
}

/** Runs one kubectl per set, in order; the first that fails ends the run. */
export async function runKubectl(
  kubectl: string,
  line: SendCommand,
  run: RenderRun,
  surroundings: SendSurroundings,
): Promise<void> {
  const done: string[] = [];
  for (const set of run.sets) {
    for (const { file } of set.files)
      surroundings.stdout(`${printable(`${line.command} ${set.set.name}: ${basename(file)}`)}\n`);
    const code = await pipeThrough(kubectl, argumentsFor(line, set), textOf(set), surroundings);
    if (code !== 0) {
      const before =
        done.length === 0 ? 'Nothing was sent before it.' : `Sent before it: ${done.join(', ')}.`;
      throw new InputError(`kubectl ended with ${code} at set ${set.set.name}. ${before}`, 1);
    }
    done.push(set.set.name);
  }
}

const textOf = ({ files }: RenderedSet): string => files.map(({ text }) => `${text}\n`).join('');

async function pipeThrough(
  program: string,
  args: readonly string[],
  input: string,
  { environment, signal, stdout, stderr }: SendSurroundings,
): Promise<number | string> {
  return new Promise((resolve, reject) => {
    // Pipe kubectl's output through this process: a closed pipe must
    // not end kubectl between two of its objects.
    const child = spawn(program, args, { stdio: 'pipe', env: environment, signal });
    child.stdout.setEncoding('utf8').on('data', stdout);
    child.stderr.setEncoding('utf8').on('data', stderr);
    child.on('error', (error) => {
      if (signal.aborted) return;
      reject(new InputError(`${program} cannot be started: ${error.message}.`, 1, { cause: error }));
    });
    child.on('close', (code, killedBy) => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(code ?? killedBy ?? 'no exit code');
    });
    // Ignore EPIPE: a kubectl that ends early closes its input, and its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
