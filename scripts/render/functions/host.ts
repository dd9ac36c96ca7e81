import type * as ChildProcess from 'node:child_process';
import { InputError } from '../sets/input-error.ts';

/** The functions of the machine that renders. */
export interface Host {
  /** Full hash of the commit checked out in a folder's repository. */
  gitHead(folder: string): string;
  /** A secret from the password store. */
  pass(key: string): string;
  /** The addresses of a host name. */
  addresses(name: string): readonly string[];
}

/** Lazy import: most runs start no program. */
const childProcess = (): typeof ChildProcess => process.getBuiltinModule('node:child_process');

function output(program: string, args: readonly string[]): string {
  try {
    return childProcess()
      .execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
      .trim();
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new InputError(`the program ${program} is not installed`, 1);
    const said = stderr.trim().split('\n')[0] ?? '';
    throw new InputError(`${program} ${args.join(' ')} failed${said === '' ? '' : `: ${said}`}`, 1);
  }
}

// Node resolves names asynchronously only, and rendering is synchronous: a child process resolves the name.
const RESOLVE = `require('node:dns').lookup(process.argv[1], { all: true }, (error, found) => {
  if (error) { process.stderr.write(error.message); process.exitCode = 1; }
  else process.stdout.write(found.map((each) => each.address).join('\\n'));
});`;

/** The real machine. `note` is called for every look-up in the password store. */
export function localHost(note: (line: string) => void): Host {
  return {
    gitHead: (folder) => output('git', ['-C', folder, 'rev-parse', 'HEAD']),
    pass: (key) => {
      note(`Looking up ${key} in pass`);
      return output('pass', ['show', key]);
    },
    addresses: (name) => output(process.execPath, ['-e', RESOLVE, '--', name]).split('\n'),
  };
}
