/** Reports the steps: live on a terminal, as plain lines in a log, not at all for a program (`--json`). */
import { systemClock } from '../../shared/clock.ts';
import { formatDuration } from '../../shared/duration.ts';
import { createSteps } from '../../shared/terminal.ts';
import type { Output } from '../../shared/terminal.ts';
import type { Reporter } from '../types.ts';

/** Interval of progress lines for a long step without a terminal, in milliseconds. */
const LOG_EVERY_MS = 10_000;

export function createTerminalReporter(
  output: Output,
  /** In milliseconds; replaced in tests. */
  now: () => number = () => systemClock.now(),
): Reporter {
  const steps = createSteps(output, { titleWidth: 30 });
  let running = '';
  let saidAt = 0;
  return {
    begin: (text) => steps.line(text),
    stepStarted(title) {
      running = title;
      saidAt = now();
      steps.start(title);
    },
    progress(text) {
      steps.progress(text);
      // On a terminal the spinner's line shows progress. A log gets a line now and then, so that it looks
      // alive.
      if (output.isTTY || now() - saidAt < LOG_EVERY_MS) return;
      saidAt = now();
      steps.line(` … ${running}: ${text}`);
    },
    stepDone: (detail, { durationMs }) => steps.succeed(`${detail} (${formatDuration(durationMs)})`),
    stepFailed: (detail) => steps.fail(detail),
    note: (text) => steps.line(`   ${text}`),
    end(text) {
      steps.stop();
      steps.line(text);
    },
  };
}

export const silentReporter: Reporter = {
  begin: () => undefined,
  stepStarted: () => undefined,
  progress: () => undefined,
  stepDone: () => undefined,
  stepFailed: () => undefined,
  note: () => undefined,
  end: () => undefined,
};
