import type { Start } from '../../shared/called.ts';
import type { ApplyCommandName, CommandLine } from './command-line.ts';

/** The environment of a command. */
export interface CommandSurroundings {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  environment: NodeJS.ProcessEnv;
  /** How the command was started, for its messages. */
  start: Start;
  /**
   * Aborts a running kubectl. Requested only then: rendering is synchronous
   * and handles no signals, so before that a signal ends the process.
   */
  hearSignals: () => AbortSignal;
}

export type SendSurroundings = Omit<CommandSurroundings, 'hearSignals'> & { signal: AbortSignal };

export type SendCommand = Extract<CommandLine, { command: ApplyCommandName }>;
