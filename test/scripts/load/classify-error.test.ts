import { describe, expect, it } from '@jest/globals';
import { classifyError } from '../../../scripts/load/classify-error.ts';

const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });
const connecting = { connected: false, answerBegun: false };
const waiting = { connected: true, answerBegun: false };
const reading = { connected: true, answerBegun: true };

describe('a socket error', () => {
  it.each([
    ['ECONNREFUSED', 'refused'],
    ['EHOSTUNREACH', 'unreachable'],
    ['ENETUNREACH', 'unreachable'],
    ['ENOTFOUND', 'unreachable'],
    ['EAI_AGAIN', 'unreachable'],
    ['ETIMEDOUT', 'timeout'],
    ['ECONNRESET', 'reset'],
  ])('while connecting, %s, is "%s"', (code, kind) => {
    expect(classifyError(error(code), connecting)).toBe(kind);
  });

  it.each(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'EHOSTUNREACH'])(
    'while waiting for the answer, %s, is "reset"',
    (code) => {
      expect(classifyError(error(code), waiting)).toBe('reset');
    },
  );

  it('within the answer is "truncated", whatever it is', () => {
    expect(classifyError(error('ECONNRESET'), reading)).toBe('truncated');
  });
});
