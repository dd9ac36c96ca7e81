/**
 * Runs the whole matrix and writes test/kubectl/REPORT.md: `npx tsx
 * scripts/playground/test/kubectl/support/report-program.ts`.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Bench, runMatrix } from './matrix.ts';
import { report } from './report.ts';
import { findTools } from '../../../../../test/support/tools/tools.ts';

const tools = await findTools();
if (typeof tools === 'string') throw new Error(tools);
const bench = await Bench.start(tools);
try {
  const verdicts = await runMatrix(bench);
  await writeFile(fileURLToPath(new URL('../REPORT.md', import.meta.url)), report(verdicts));
  for (const { title, wanted, got } of verdicts.filter(({ isSame }) => !isSame))
    process.stderr.write(`${title}\n${JSON.stringify({ wanted, got }, null, 2)}\n`);
  process.stdout.write(`${verdicts.filter(({ isSame }) => isSame).length} of ${verdicts.length} alike\n`);
} finally {
  await bench.close();
}
