import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { printable, printableJson } from '../shared/printable.ts';
import { runMain } from '../shared/run-main.ts';
import { createSteps } from '../shared/terminal.ts';
import { readCommandLine, usage } from './command-line.ts';

await runMain(async ({ argv, env }) => {
  const command = readCommandLine(argv);
  if (command === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  // Only now: the help shall not wait for the compiler and the formatter.
  const { makeRepository } = await import('./run-command.ts');
  const made = await makeRepository(command, {
    root: fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, ''),
    npm: env['npm_execpath'],
    steps: createSteps(process.stderr),
  });
  if (command.json) process.stdout.write(`${printableJson(made, undefined, 2)}\n`);
  else if (command.dryRun)
    for (const { file, because } of made.reasons)
      process.stdout.write(`${printable(`${file.padEnd(60)}  ${because}`)}\n`);
  const folder = path.relative(process.cwd(), made.out) || '.';
  const next = command.dryRun
    ? `Nothing was written. To do it: npm run new -- --name ${made.name} --out ${command.out}${command.with.length > 0 ? ` --with ${command.with.join(',')}` : ''}`
    : `Next: cd ${folder} && git init && npm ci && npm test`;
  process.stderr.write(`${printable(next)}\n`);
  return 0;
});
