import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/**
 * A fenced block of commands, and the block of output right behind it.
 * The words after `sh` say how it is run:
 * - `service`: beside a coffee-shop that runs alone
 * - `playground`: beside a playground with the coffee-shop in it; `empty`: with nothing in it
 * - `long`: takes more than a few seconds
 * - `gitops`: with an owner of the objects beside it, by test/stories/switch/gitops-guide.test.ts
 * - `step`, `yours`: changes the repository, and so runs in a copy of it, one block after the other
 */
export interface CommandBlock {
  file: string;
  line: number;
  words: string[];
  commands: Command[];
  /** Undefined when nothing is promised but success. */
  output: string[] | undefined;
}

export interface Command {
  text: string;
  /** From its comment `# terminal 1: ...`. */
  terminal: number;
}

/** Every README and guide of the repository. */
export function documents(): { file: string; text: string }[] {
  const files = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');
  return (
    files
      // Those of a new repository lie beside its tests there.
      .filter((file) => !/^(scripts\/playground\/)?test\/|^scripts\/new\/files\//.test(file))
      .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }))
  );
}

export interface Fence {
  line: number;
  language: string;
  words: string[];
  body: string[];
}

export function fencesOf(text: string): Fence[] {
  const fences: Fence[] = [];
  let open: Fence | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [, info] = /^```(.*)$/.exec(line) ?? [];
    if (info === undefined) open?.body.push(line);
    else if (open) {
      fences.push(open);
      open = undefined;
    } else {
      const [language = '', ...words] = info.trim().split(/\s+/);
      open = { line: index + 1, language, words, body: [] };
    }
  }
  return fences;
}

export function commandBlocks(file: string, text: string): CommandBlock[] {
  const fences = fencesOf(text);
  return fences.flatMap((fence, index) => {
    if (fence.language !== 'sh') return [];
    const next = fences[index + 1];
    return [
      {
        file,
        line: fence.line,
        words: fence.words,
        commands: commandsOf(fence.body),
        output: next?.language === 'text' ? next.body : undefined,
      },
    ];
  });
}

function commandsOf(lines: string[]): Command[] {
  const commands: Command[] = [];
  let terminal = 1;
  const rest = lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n');
  for (let line = rest.shift(); line !== undefined; line = rest.shift()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, end] = /<<'(\w+)'$/.exec(line) ?? [];
    if (end !== undefined) {
      const text = [line, ...rest.splice(0, rest.indexOf(end) + 1)].join('\n');
      commands.push({ text, terminal });
      continue;
    }
    const [, text = '', comment = ''] = /^(.*?)(?:\s+#\s(.*))?$/.exec(line) ?? [];
    terminal = Number(/^terminal (\d)/.exec(comment)?.[1] ?? terminal);
    commands.push({ text: text.trim(), terminal });
  }
  return commands;
}
