import type { Start } from '../../shared/called.ts';
import type { ApplyCommandName, CommandLine } from './command-line.ts';

/** What a command works with. */
export interface CommandSurroundings {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  environment: NodeJS.ProcessEnv;
  /** How the command was started, and so how it is typed. */
  start: Start;
  /**
   * Stops a kubectl that runs. Asked for only then: a rendering is done in one go, which hears nothing, and until somebody asks, a signal
   * ends the process.
   */
  hearSignals: () => AbortSignal;
}

export type SendSurroundings = Omit<CommandSurroundings, 'hearSignals'> & { signal: AbortSignal };

export type SendCommand = Extract<CommandLine, { command: ApplyCommandName }>;
