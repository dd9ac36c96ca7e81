import { DIFFERENCES } from './differences.ts';
import type { Verdict } from './matrix.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 110);

/** The verdicts as a Markdown page. */
export function report(verdicts: Verdict[]): string {
  const same = verdicts.filter(({ isSame }) => isSame).length;
  const rows = verdicts.map(({ title, command, source, isSame }) => {
    const why = isSame ? '' : (DIFFERENCES[title] ?? 'not explained');
    return `| ${cell(title)} | \`${cell(command)}\` | ${source} | ${isSame ? 'same' : 'differs'} | ${why} |`;
  });
  return `# kubectl 1.36 on the playground

${same} of ${verdicts.length} commands print what they print on a real cluster (${((100 * same) / verdicts.length).toFixed(1)} %), after masking times, ages,
addresses, generated names and column widths (support/mask.ts). "recorded": held against the output of the same command on a real 1.36.4;
"known form": nothing was recorded, held against the form kubectl prints there (support/cases.ts, support/known-forms.ts).

Made anew by \`npx tsx scripts/playground/test/kubectl/support/report-program.ts\`; \`npm run test:matrix --workspace scripts/playground -- test/matrix/kubectl\` holds it.

| what | command | against | verdict | why |
| ---- | ------- | ------- | ------- | --- |
${rows.join('\n')}
`;
}
