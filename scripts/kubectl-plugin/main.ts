/**
 * `kubectl zero-downtime switch --to v2`: kubectl starts the program
 * `kubectl-zero_downtime` on the PATH with what follows its name.
 */
import path from 'node:path';
import { UsageError } from '../shared/errors.ts';
import { runMain } from '../shared/run-main.ts';

const commands = ['render', 'switch', 'load'];
const usage = `Releases a version without losing a request, and proves it.

Usage: kubectl zero-downtime switch --to VERSION [flags]
       kubectl zero-downtime render COMMAND FILE [flags]
       kubectl zero-downtime load --url URL [flags]
       kubectl zero-downtime --version

Each has its own --help.

Example: kubectl zero-downtime switch --to v2
`;

const [name = '--help'] = process.argv.slice(2);
if (commands.includes(name)) {
  // The command reads its own flags.
  process.argv.splice(2, 1);
  await import(new URL(`../${name}/main${path.extname(import.meta.url)}`, import.meta.url).href);
} else {
  await runMain(async () => {
    if (name !== '--help' && name !== '-h')
      throw new UsageError(`There is no command ${name}; there are ${commands.join(', ')}. See --help.`);
    process.stdout.write(usage);
    return Promise.resolve(0);
  });
}
