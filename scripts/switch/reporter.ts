/** Steps on a terminal; plain lines in a log; nothing at all for a program. */
import { createSteps } from '../shared/terminal.ts';
import type { Output } from '../shared/terminal.ts';
import type { Reporter } from './types.ts';

export function createTerminalReporter(output: Output): Reporter {
  const steps = createSteps(output, { titleWidth: 30 });
  return {
    begin: (text) => steps.line(text),
    stepStarted: (title) => steps.start(title),
    progress: (text) => steps.progress(text),
    stepDone: (detail) => steps.succeed(detail),
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
