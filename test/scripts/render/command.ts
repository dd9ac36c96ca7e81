import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Outcome {
  exit: number | null;
  stdout: string;
  stderr: string;
}

/** A folder of files in which the render command is run as a program. */
export interface Workplace {
  folder: string;
  write(files: Record<string, string | Uint8Array>): void;
  read(file: string): string;
  /** Puts a program of this name on PATH that logs its arguments and input and ends with the code. */
  fake(program: string, exit: number, says?: string): void;
  calls(): { args: string[]; stdin: string }[];
  run(argv: string[], environment?: Record<string, string>): Promise<Outcome>;
  remove(): void;
}

export function createWorkplace(program: string): Workplace {
  const folder = mkdtempSync(path.join(tmpdir(), 'render-'));
  const files = path.join(folder, 'files');
  const programs = path.join(folder, 'bin');
  const log = path.join(folder, 'calls.jsonl');
  mkdirSync(files);
  mkdirSync(programs);
  return {
    folder: files,
    write(contents) {
      for (const [name, content] of Object.entries(contents)) {
        mkdirSync(path.dirname(path.join(files, name)), { recursive: true });
        writeFileSync(path.join(files, name), content);
      }
    },
    read: (file) => readFileSync(path.join(files, file), 'utf8'),
    fake(name, exit, says = '') {
      const target = path.join(programs, name);
      writeFileSync(
        target,
        `#!${process.execPath}
const fs = require('node:fs');
const stdin = fs.readFileSync(0, 'utf8');
fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify({ args: process.argv.slice(2), stdin }) + '\\n');
process.stdout.write(${JSON.stringify(says)});
process.exitCode = ${exit};
`,
      );
      chmodSync(target, 0o755);
    },
    calls() {
      try {
        const lines = readFileSync(log, 'utf8').trim().split('\n');
        return lines.map((line) => JSON.parse(line) as { args: string[]; stdin: string });
      } catch {
        return [];
      }
    },
    run: (argv, environment = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [program, ...argv], {
          cwd: files,
          env: { PATH: `${programs}:/usr/bin/nowhere`, HOME: folder, TMPDIR: folder, ...environment },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let stdout = '';
        let stderr = '';
        child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
        child.on('error', reject);
        child.on('close', (exit) => resolve({ exit, stdout, stderr }));
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
