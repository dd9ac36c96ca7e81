import type { LossKind } from './account.ts';

/**
 * The one kind of loss that a socket error stands for. An answer that had begun is truncated, whatever broke
 * it; a connection that never came about, for a reason other than a refusal, counts as unreachable.
 */
export function classifyError(
  error: NodeJS.ErrnoException,
  at: { connected: boolean; answerBegun: boolean },
): LossKind {
  if (at.answerBegun) return 'truncated';
  if (error.code === 'ETIMEDOUT') return 'timeout';
  if (at.connected) return 'reset';
  if (error.code === 'ECONNREFUSED') return 'refused';
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'reset';
  return 'unreachable';
}
