import { asCalled } from '../shared/called.ts';
import { runMain } from '../shared/run-main.ts';
import { readCommandLine, usage } from './command-line.ts';
import { runCommand } from './run-command.ts';

await runMain(async ({ argv, env, signal }) => {
  const command = readCommandLine(argv);
  if (command.help) {
    const help = asCalled(usage, 'load', { script: process.argv[1], env });
    process.stdout.write(help);
    return 0;
  }
  const { stdin, stdout, stderr } = process;
  return runCommand(command, { stdin, stdout, stderr, signal });
});
