import type { LoadProgress } from './load-options.ts';
import { printable } from '../shared/printable.ts';
import type { Output } from '../shared/terminal.ts';

/** Shows one line of progress on a terminal. Elsewhere it prints only the first loss. */
export function createProgressLine(output: Output): { show(progress: LoadProgress): void; clear(): void } {
  let lossSaid = false;
  let drawn = false;
  const clear = (): void => {
    if (drawn) output.write('\r\x1b[K');
    drawn = false;
  };
  return {
    show(progress) {
      if (!lossSaid && progress.lost > 0) {
        lossSaid = true;
        clear();
        const [reason = ''] = Object.keys(progress.byReason);
        output.write(`first loss after ${(progress.elapsedMs / 1000).toFixed(1)} s: ${printable(reason)}\n`);
      }
      if (!output.isTTY) return;
      output.write(`\r\x1b[K${printable(describe(progress))}`.slice(0, (output.columns ?? 80) + 3));
      drawn = true;
    },
    clear,
  };
}

/** `4.2 s   2,100 sent   0 lost   v1 1,400  v2 700` */
export function describe({ elapsedMs, sent, lost, waiting, byVersion }: LoadProgress): string {
  const versions = Object.entries(byVersion).map(([version, n]) => `${version} ${n.toLocaleString('en-US')}`);
  return [
    `${(elapsedMs / 1000).toFixed(1)} s`,
    `${sent.toLocaleString('en-US')} sent`,
    `${lost.toLocaleString('en-US')} lost`,
    versions.join('  '),
    ...(waiting > 0 ? [`${waiting.toLocaleString('en-US')} waiting`] : []),
  ].join('   ');
}
