import { parseArgs } from 'node:util';
import { InputError } from '../sets/input-error.ts';
import { renderCluster } from '../sets/render-sets.ts';
import { RenderError } from '../template/errors.ts';

export interface CommandSurroundings {
  stdout(text: string): void;
  stderr(text: string): void;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Runs one command line; answers the exit code. */
// eslint-disable-next-line @typescript-eslint/require-await -- apply and delete will wait
export async function runCommand(argv: string[], surroundings: CommandSurroundings): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        include: { type: 'string', short: 'i', multiple: true },
        exclude: { type: 'string', short: 'e', multiple: true },
        var: { type: 'string', multiple: true },
      },
    });
    const vars = Object.fromEntries(
      (values.var ?? []).map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
    );
    const run = renderCluster(positionals[1] ?? '', {
      include: values.include,
      exclude: values.exclude,
      vars,
    });
    for (const warning of run.warnings) surroundings.stderr(`warning: ${warning}\n`);
    surroundings.stdout(run.sets.flatMap(({ files }) => files.map(({ text }) => `${text}\n`)).join(''));
    return 0;
  } catch (error) {
    if (error instanceof RenderError) {
      surroundings.stderr(`render: error: ${error.message}\n${error.frame()}\n`);
      return 1;
    }
    if (error instanceof InputError) {
      surroundings.stderr(`render: error: ${error.message}\n`);
      return error.exitCode;
    }
    throw error;
  }
}
