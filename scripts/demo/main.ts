import { tmpdir } from 'node:os';
import { startPlayground } from '../playground/index.ts';
import { runMain } from '../shared/run-main.ts';
import { readCommandLine, usage } from './command-line.ts';
import { runCommand } from './run-command.ts';

await runMain(async ({ argv, signal }) => {
  const command = readCommandLine(argv);
  if (command.help) {
    process.stdout.write(usage);
    return 0;
  }
  const { stdout, stderr } = process;
  return runCommand(command, {
    startPlayground: ({ mesh, ...options }) =>
      startPlayground({ mesh: mesh ? 'builtin' : 'none', ...options }),
    stdout,
    stderr,
    tempFolder: tmpdir(),
    signal,
  });
});
