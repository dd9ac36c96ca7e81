/** What README.md says is run: each block of commands, and the output that it promises behind it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

interface Block {
  name: string;
  commands: string[];
  promised: string[];
}

/** The words after `sh` that say why a block is not run here. */
const notHere: Record<string, string> = { cluster: 'needs a cluster' };
const isOfTheTest = (command: string): boolean => /^npm (ci|test)\b/.test(command);

const blocks: Block[] = [
  ...readme.matchAll(
    /^```sh(?<word>[^\n]*)\n(?<body>[\s\S]*?)^```(?:\n\n```text\n(?<promised>[\s\S]*?)^```)?/gm,
  ),
].flatMap(({ groups: { word = '', body = '', promised = '' } = {} }) => {
  const commands = body
    .trim()
    .split('\n')
    .map((line) => line.replace(/\s+# terminal \d.*$/, ''));
  const isRun = notHere[word.trim()] === undefined && !commands.some(isOfTheTest);
  return isRun
    ? [{ name: commands.join('; '), commands, promised: promised.split('\n').filter(Boolean) }]
    : [];
});

const running = new Set<ChildProcess>();
const ports: Record<string, string> = { 8080: '18080', 9090: '19090' };
const env = {
  ...process.env,
  PORT: ports[8080],
  ADMIN_PORT: ports[9090],
  DRAIN_MIN_MS: '0',
  DRAIN_QUIET_MS: '50',
};
const elsewhere = (command: string): string =>
  command.replace('localhost:8080', `localhost:${String(ports[8080])}`);

function start(command: string): { said: () => string; ended: Promise<number | null> } {
  const child = spawn('bash', ['-c', elsewhere(command)], { cwd: root, env, detached: true });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve) =>
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  return { said: () => output, ended };
}

afterEach(async () => {
  for (const child of running) {
    const closed = new Promise((resolve) => child.once('close', resolve));
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await closed;
  }
});

/** Each promised line is said, in this order; `…` stands for anything. */
function missing(promised: readonly string[], said: string): string | undefined {
  const lines = said.split(/\r?\n/);
  for (const line of promised) {
    const pattern = new RegExp(
      `^${line
        .split('…')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*')}$`,
    );
    const at = lines.findIndex((each) => pattern.test(each));
    if (at < 0) return line;
    lines.splice(0, at + 1);
  }
  return undefined;
}

describe('the commands of README.md', () => {
  it('are found', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
  });

  it.each(blocks)(
    '$name',
    async ({ commands, promised }) => {
      const last = commands.length - 1;
      for (const [index, command] of commands.entries()) {
        const { said, ended } = start(command);
        if (/^npm start\b/.test(command)) {
          // Goes on beside the others.
          while (!said().includes('"msg":"ready"')) {
            expect(running.size).toBeGreaterThan(0);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          continue;
        }
        expect({ command, code: await ended, said: said() }).toMatchObject({ code: 0 });
        if (index === last)
          expect({ missing: missing(promised, said()), said: said() }).toMatchObject({ missing: undefined });
      }
    },
    60_000,
  );
});

describe('the links of README.md', () => {
  it('lead to what is there', () => {
    const targets = [...readme.matchAll(/\]\(([^)\s#]+)\)/g)].map(([, target = '']) => target);
    const dead = targets.filter((target) => !/^https?:/.test(target) && !existsSync(path.join(root, target)));
    expect(targets.length).toBeGreaterThan(5);
    expect(dead).toEqual([]);
  });
});
