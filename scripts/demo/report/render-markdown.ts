import type { DemoReport } from '../run-demo.ts';
import { describeLosses, verdictWords } from '../table.ts';
import { describeFortio } from './as-fortio.ts';
import { explain } from './explain.ts';
import { count, seconds } from './facts.ts';
import { printable } from '../../shared/printable.ts';

/** The report for a pull request or a wiki: the table, and for each run why. */
export function renderMarkdown({ settings, scenarios }: DemoReport): string {
  const { qps, connections, lagMs, seed, delays, on } = settings;
  const rows = scenarios.map(({ id, weather, account, releaseMs, verdict }) =>
    row([
      `\`${id}\``,
      weather,
      account ? count(account.sent) : '-',
      account ? `**${count(account.lost)}**` : '-',
      account ? describeLosses(account) : '-',
      seconds(releaseMs),
      verdictWords[verdict],
    ]),
  );
  return [
    '# What the callers lost',
    '',
    `${count(qps)} orders/s over ${count(connections)} kept-alive connections, no retries. ${on === undefined ? `Rough weather: the one proxy on the path is ${seconds(lagMs)} late` : `On the cluster ${escape(on)}`}.`,
    '',
    row(['scenario', 'weather', 'sent', 'lost', 'how', 'release', 'verdict']),
    row(['---', '---', '---:', '---:', '---', '---:', '---']),
    ...rows,
    '',
    ...scenarios.flatMap((result) => {
      const { sentences, examples } = explain(result);
      return [
        `## ${result.title}, ${result.weather}`,
        '',
        escape(sentences.join(' ')),
        '',
        ...examples.map(({ loss, meanwhile }, index) =>
          escape(
            `${index + 1}. due at ${seconds(loss.dueMs)}: ${loss.kind}, "${loss.reason}"${meanwhile === '' ? '' : `; just then ${meanwhile}`}`,
          ),
        ),
        ...(examples.length > 0 ? [''] : []),
        ...(result.account ? [escape(describeFortio(result.account)), ''] : []),
      ];
    }),
    '## Settings',
    '',
    ...[...delays, ...(on === undefined ? [`seed ${seed}`] : [])].map((line) => `- ${escape(line)}`),
    '',
  ].join('\n');
}

const row = (cells: string[]): string =>
  `| ${cells.map((cell) => printable(cell).replaceAll('|', '\\|')).join(' | ')} |`;

/** Escapes a server's text. */
const escape = (text: string): string => printable(text, 20_000).replace(/[<>*_`|]/g, '\\$&');
