import { describe, expect, it } from '@jest/globals';
import { decodePatch } from '../../../apiserver/negotiation/body.ts';

describe('a body sent to the playground', () => {
  it.each([
    ['JSON that nests without end', `{"a":${'['.repeat(100_000)}`, false, 'json: exceeded max depth'],
    ['YAML that nests without end', `a: ${'['.repeat(50_000)}`, true, 'more than 200 deep'],
    ['an alias that holds itself', 'a: &a {b: *a}', true, 'an alias that holds itself (*a)'],
  ])('is refused for %s', (_, text, isApply, message) => {
    expect(() => decodePatch(Buffer.from(text), isApply)).toThrow(message);
  });
});
