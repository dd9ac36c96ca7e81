import { CommandError } from './errors.ts';

/**
 * For what runs pods as processes and ends them by signals, as a kubelet does: Windows has no signals.
 * @param what as the sentence begins: "The playground"
 * @throws CommandError that says where it runs
 */
export function verifyHasSignals(what: string, platform: NodeJS.Platform): void {
  if (platform !== 'win32') return;
  throw new CommandError(
    `${what} needs Linux, macOS or WSL: its pods are processes that end by signals, which Windows does not have. The service, render, load and switch run here.`,
  );
}
