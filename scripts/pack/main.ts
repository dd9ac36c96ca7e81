import { fileURLToPath } from 'node:url';
import { UsageError } from '../shared/errors.ts';
import { runMain } from '../shared/run-main.ts';
import { afterPack, beforePack } from './prepare.ts';

const usage = `What npm pack does before and after it packs: the package is the tools, render, switch and load, and a kubectl plugin of them.

Usage: npm pack

Example: npm pack --pack-destination dist
`;
const root = fileURLToPath(new URL('../..', import.meta.url));

await runMain(async ({ argv }) => {
  const [moment] = argv;
  if (moment === '--help') process.stdout.write(usage);
  else if (moment === 'before') beforePack(root);
  else if (moment === 'after') afterPack(root);
  else throw new UsageError('npm calls it with before or after. See --help.');
  return Promise.resolve(0);
});
