import { fileURLToPath } from 'node:url';
import { printable, printableJson } from '../shared/printable.ts';
import { runMain } from '../shared/run-main.ts';
import { readCommandLine, usage } from './command-line.ts';

await runMain(async ({ argv }) => {
  const command = readCommandLine(argv);
  if (command.help) {
    process.stdout.write(usage);
    return 0;
  }
  // Only now: the help shall not wait for the bundler.
  const { writeImages } = await import('./run-command.ts');
  const written = await writeImages(command, {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    nodePath: process.execPath,
    arch: process.arch,
    progress: (line) => void process.stderr.write(`${printable(line)}\n`),
  });
  if (command.json) process.stdout.write(`${printableJson(written, undefined, 2)}\n`);
  else process.stderr.write(`Next: kind load image-archive ${printable(written[0]?.file ?? '')}\n`);
  return 0;
});
