import { runMain } from '../shared/run-main.ts';
import { runCommand } from './commands/run.ts';

await runMain(async ({ argv, env, signal }) =>
  runCommand(argv, {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    environment: env,
    signal,
  }),
);
