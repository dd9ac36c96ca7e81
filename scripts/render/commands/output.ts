import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CommandError } from '../../shared/errors.ts';
import { writeWholeFile } from '../../shared/whole-file.ts';
import { InputError } from '../sets/input-error.ts';
import { fileProblem } from '../sets/read-file.ts';
import type { RenderRun } from '../sets/render-sets.ts';

type Write = (text: string) => void;

const endsWithSeparator = (text: string): boolean => /(?:^|\n)---\s*$/.test(text);
const beginsWithSeparator = (text: string): boolean => /^\s*---(?:\s|$)/.test(text);

/** Prints every file followed by one newline. No separator between files unless asked for. */
export function printFiles(run: RenderRun, separator: boolean, stdout: Write, stderr: Write): void {
  const files = run.sets.flatMap((set) => set.files);
  const runsOn = files.filter(({ text }, index) => {
    const next = files[index + 1];
    return next !== undefined && !endsWithSeparator(text) && !beginsWithSeparator(next.text);
  });
  const out = files.map((file) => `${file.text}\n${separator && runsOn.includes(file) ? '---\n' : ''}`);
  if (runsOn.length > 0 && !separator) {
    const names = runsOn.map(({ file }) => file).join(', ');
    stderr(`warning: the file after it runs into ${names}: end it in ---, or pass --separator.\n`);
  }
  for (const { set, files: rendered } of run.sets) {
    stderr(`${set.name}: ${rendered.map(({ file }) => basename(file)).join(', ')}\n`);
  }
  stdout(out.join(''));
}

/** Writes every file to a folder as set-file, without changing a byte. */
export function writeFiles(run: RenderRun, folder: string, stderr: Write): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const { set, file, text } of run.sets.flatMap((each) => each.files)) {
      const path = join(folder, `${set.replaceAll('/', '-')}-${basename(file)}`);
      writeWholeFile(path, text);
      stderr(`${path}\n`);
    }
  } catch (error) {
    if (error instanceof CommandError) throw new InputError(`${error.message}.`, 1, { cause: error });
    throw fileProblem(folder, error);
  }
}
