import { CommandError } from './errors.ts';

/**
 * For commands that run pods as processes and end them by signals: Windows has no signals.
 * @param what the subject of the sentence: "The playground"
 * @throws CommandError that says where it runs
 */
export function verifyHasSignals(what: string, platform: NodeJS.Platform): void {
  if (platform !== 'win32') return;
  throw new CommandError(
    `${what} needs Linux, macOS or WSL: its pods are processes that end by signals, which Windows does not have. The service, render, load and switch run here.`,
  );
}
