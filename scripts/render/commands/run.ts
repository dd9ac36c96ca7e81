import { localHost } from '../functions/host.ts';
import { InputError } from '../sets/input-error.ts';
import { renderCluster, type RenderRun } from '../sets/render-sets.ts';
import { RenderError } from '../template/errors.ts';
import { readCommandLine, type CommandLine } from './command-line.ts';
import { HELP, VERSION } from './help.ts';
import { printFiles, writeFiles } from './output.ts';
import type { CommandSurroundings } from './surroundings.ts';
import { asCalled } from '../../shared/called.ts';
import { printable, printableLines } from '../../shared/printable.ts';

type RenderingCommand = Exclude<CommandLine, { command: 'help' | 'version' }>;

/** Runs one command line and returns the exit code. Errors with a position are printed on stderr here. */
export async function runCommand(argv: readonly string[], outside: CommandSurroundings): Promise<number> {
  // Messages name sets, files and objects from outside: make them printable.
  const surroundings = { ...outside, stderr: (text: string) => outside.stderr(printableLines(text)) };
  try {
    const line = readCommandLine(argv);
    if (line.command === 'help') surroundings.stderr(asCalled(HELP, 'render', outside.start));
    else if (line.command === 'version') surroundings.stdout(`render ${VERSION}\n`);
    else await render(line, surroundings);
    return 0;
  } catch (error) {
    return report(error, surroundings);
  }
}

function report(error: unknown, { stderr }: CommandSurroundings): number {
  if (error instanceof RenderError) {
    stderr(`render: error: ${printable(error.message)}\n${error.frame()}\n`);
    return error.errorClass === 'too-deep' ? 2 : 1;
  }
  if (error instanceof InputError) {
    stderr(`render: error: ${printable(error.message)}\n`);
    return error.exitCode;
  }
  throw error;
}

async function render(line: RenderingCommand, surroundings: CommandSurroundings): Promise<void> {
  const { stderr, stdout, environment } = surroundings;
  const run = renderCluster(line.file, {
    include: line.include,
    exclude: line.exclude,
    vars: line.vars,
    numbers: line.goNumbers ? 'go' : 'plain',
    environment,
    host: localHost((note) => stderr(`${note}\n`)),
  });
  for (const warning of run.warnings) stderr(`warning: ${warning}\n`);
  if (line.command === 'template') {
    if (line.output === undefined) printFiles(run, line.separator, stdout, stderr);
    else writeFiles(run, line.output, stderr);
    return;
  }
  // Send only after all templates are rendered, so that a failing one sends nothing.
  const { sendToCluster } = await import('./send.ts');
  await sendToCluster(line, withoutEmptySets(run), { ...surroundings, signal: surroundings.hearSignals() });
}

const withoutEmptySets = (run: RenderRun): RenderRun => ({
  ...run,
  sets: run.sets.filter(({ files }) => files.length > 0),
});
