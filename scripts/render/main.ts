import { runMain } from '../shared/run-main.ts';
import { runCommand } from './commands/run.ts';

await runMain(
  ({ argv, env, hearSignals }) =>
    runCommand(argv, {
      stdout: (text) => void process.stdout.write(text),
      stderr: (text) => void process.stderr.write(text),
      environment: env,
      start: { script: process.argv[1], env },
      hearSignals,
    }),
  { signals: 'when asked for' },
);
