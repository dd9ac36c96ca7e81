/** One run of a login command, with a timeout: its prompts on our terminal, its ExecCredential on a pipe. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { codeOf, messageOf } from '../../errors.ts';

export interface LoginCommand {
  command: string;
  args: readonly string[];
  /** Where it is looked up: our own PATH, whatever its variables say. */
  searchPath: string;
  env: NodeJS.ProcessEnv;
  /** Whether it may read our standard input. */
  interactive: boolean;
  /** Whether a person can see its prompt: it then stays in our process group, which the terminal signals. */
  onTerminal: boolean;
  timeoutMs: number;
  /** Called once, when it takes long. */
  onWait: () => void;
}

/** Time after which the user is told what is waited for, in milliseconds. */
const QUIET_MS = 5_000;
const LONGEST_OUTPUT = 4 * 1024 * 1024;

/**
 * What the command printed on stdout; its stderr is ours.
 * @throws Error that says how it failed: not installed, not started,
 * ended with a code or a signal, no end in time
 */
export function runLoginCommand(login: LoginCommand): Promise<string> {
  const { args, env, interactive, onTerminal, timeoutMs, onWait } = login;
  const program = found(login.command, login.searchPath);
  const isGroup = !onTerminal && process.platform !== 'win32';
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env,
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
      // In a process group of its own it is killed with all its
      // children; on Windows that would open a window.
      detached: isGroup,
      windowsHide: true,
    });
    const kill = () => {
      try {
        if (isGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has just exited.
      }
    };
    const end = (settle: () => void) => {
      clearTimeout(limit);
      clearTimeout(quiet);
      process.off('exit', kill);
      child.stdout.destroy();
      settle();
    };
    const fail = (why: string, cause?: unknown) => {
      kill();
      end(() => reject(new Error(why, { cause })));
    };
    const limit = setTimeout(() => fail(`no answer in ${timeoutMs / 1000} s`), timeoutMs);
    const quiet = setTimeout(onWait, QUIET_MS);
    process.on('exit', kill);
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LONGEST_OUTPUT) fail('it prints without an end');
    });
    child.on('error', (error) => fail(reasonOf(error, program), error));
    child.on('close', (code, signal) => {
      if (code === 0) end(() => resolve(Buffer.concat(chunks).toString('utf8')));
      else fail(signal === null ? `exit code ${code ?? 'unknown'}` : `ended by ${signal}`);
    });
  });
}

function found(command: string, searchPath: string): string {
  if (process.platform === 'win32' || command.includes('/')) return command;
  const folders = searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const program = folders.map((folder) => path.join(folder, command)).find(isExecutable);
  if (program === undefined) throw new NotInstalled('it is not installed: not found on PATH');
  return program;
}

/** Only then an install hint helps. */
export class NotInstalled extends Error {}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function reasonOf(error: unknown, program: string): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return `there is no ${program}`;
  return code === 'EACCES' ? `${program} may not be executed` : messageOf(error);
}
