import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundleCommands, root } from './bundle-commands.ts';
import type { Around } from './around.ts';
import { commands, type Command, type Expected } from './commands.ts';
import { conditionNames, conditions, type Condition, type ConditionName } from './conditions.ts';
import { runCell, type Ended } from './run-cell.ts';

const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const mainOf = (script: string): string => /\S+\/main\.ts$/.exec(scripts[script] ?? '')?.[0] ?? '';
const programs = Object.keys(scripts).filter((script) => mainOf(script) !== '');

/** Real processes, so many at a time. */
const AT_ONCE = 4;
let programOf: (main: string) => string;

/** What a lost result is: an exit code of its own and one line. */
const resultIsLost: Partial<Record<ConditionName, RegExp>> = {
  'stdout on a full disk':
    /^stdout: no space left on device \(ENOSPC\)\. The (result|help) is incomplete.*\n$/m,
  'stdout in a file that may not grow':
    /^stdout: file too large \(EFBIG\)\. The (result|help) is incomplete.*\n$/m,
  'both on a full disk': /^/,
};

function expected(command: Command, name: ConditionName): Expected {
  const different = command.but?.[name];
  if (different !== undefined) return different;
  const says = resultIsLost[name];
  const stays = command.untilReady !== undefined;
  if (says !== undefined && command.result !== undefined && !stays) return { code: 1, says };
  return { code: command.code ?? 0, ...(command.says === undefined ? {} : { says: command.says }) };
}

const isRead = (condition: Condition, stream: 'stdout' | 'stderr'): boolean =>
  condition[stream] === undefined && condition.left?.includes(stream) !== true;

async function runOne(command: Command, name: ConditionName): Promise<Ended> {
  const around: Around = await (command.around?.() ?? { env: {}, close: () => undefined });
  try {
    const { args, signal } = command;
    const { code, byItself } = expected(command, name);
    const untilReady = byItself === true ? undefined : command.untilReady;
    const program =
      command.fromSources === true
        ? (scripts[command.script] ?? '').replace(/^exec /, '')
        : `"${process.execPath}" "${programOf(mainOf(command.script))}"`;
    const line = `${program} ${args}`;
    const ended = await runCell({ line, env: around.env, untilReady, signal }, conditions[name]);
    if (ended.code === code) await around.verify?.();
    return ended;
  } finally {
    around.close();
  }
}

/** All these cells of a row. */
async function runRow(command: Command, names: readonly ConditionName[]): Promise<Map<ConditionName, Ended>> {
  const cells = new Map<ConditionName, Ended>();
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
      cells.set(name, await runOne(command, name));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return cells;
}

/**
 * The table of commands and conditions, a test for each cell.
 * @param chosen which conditions of a row are tried
 */
export function describeTable(
  chosen: (names: readonly ConditionName[], row: number) => readonly ConditionName[],
): void {
  const rows = Object.entries<Command>(commands).map(
    ([title, command], row) =>
      [title, { command, names: chosen(command.only ?? conditionNames, row) }] as const,
  );
  let remove: () => void = () => undefined;
  beforeAll(async () => {
    ({ programOf, remove } = await bundleCommands(programs.map(mainOf)));
  }, 120_000);
  afterAll(() => remove());

  it('has a row for every program that npm runs', () => {
    const scriptsWithRow = Object.values<Command>(commands).map(({ script }) => script);
    expect(programs.filter((script) => !scriptsWithRow.includes(script))).toEqual([]);
  });

  describe.each(rows)('%s', (_, { command, names }) => {
    let cells: Map<ConditionName, Ended>;
    beforeAll(async () => {
      cells = await runRow(command, names);
    }, 300_000);

    it.each(names)('with %s', (name) => {
      const condition: Condition = conditions[name];
      const { code, says } = expected(command, name);
      const ended = cells.get(name);
      if (ended === undefined) throw new Error('The cell was not run.');
      const { stdout, stderr } = ended;
      expect(`exit code ${ended.code} ${ended.code === code ? '' : stderr}`).toBe(`exit code ${code} `);
      if (isRead(condition, 'stderr')) {
        if (says !== undefined) expect(stderr).toMatch(says);
        // A line for a person, never a trace of the program.
        expect(stderr).not.toMatch(/^\s+at |node:internal|\(node:\d+\)/m);
      }
      const isWhole = code === (command.code ?? 0);
      if (isRead(condition, 'stdout') && isWhole) expect(stdout).toMatch(command.result ?? /^$/);
    });
  });
}
