import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';

export interface Ran {
  stdout: string;
  stderr: string;
  exit: number;
}

export interface ToolOptions {
  env: Record<string, string>;
  input?: string;
  /**
   * For commands that go on for ever: ended by SIGINT when this says
   * so of what they wrote, or after `longestMs`.
   */
  until?: (written: string, tool: ChildProcessWithoutNullStreams) => boolean | Promise<boolean>;
  longestMs?: number;
}

const LONGEST_MS = 60_000;

/** Runs a program to its end and gives back what it wrote. */
export function runTool(
  program: string,
  args: string[],
  { env, input, until, longestMs = LONGEST_MS }: ToolOptions,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const tool = spawn(program, args, { env });
    const out = { stdout: '', stderr: '' };
    const late = setTimeout(() => tool.kill('SIGKILL'), longestMs);
    let isChecking = false;
    const check = async (): Promise<void> => {
      if (until === undefined || isChecking) return;
      isChecking = true;
      if (await until(out.stdout + out.stderr, tool)) tool.kill('SIGINT');
      isChecking = false;
    };
    tool.stdout.on('data', (chunk: Buffer) => {
      out.stdout += chunk.toString();
      void check();
    });
    tool.stderr.on('data', (chunk: Buffer) => {
      out.stderr += chunk.toString();
      void check();
    });
    tool.stdin.on('error', () => undefined);
    tool.stdin.end(input);
    tool.on('error', reject);
    tool.on('close', (code) => {
      clearTimeout(late);
      resolve({ ...out, exit: code ?? -1 });
    });
  });
}
