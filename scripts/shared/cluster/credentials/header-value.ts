import { UsageError } from '../../errors.ts';

/**
 * A text as the bytes of a header: UTF-8, as Go sends it.
 * @throws {UsageError} when it holds a line break or another control character
 */
export function headerValue(text: string, what: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(bytes))
    throw new UsageError(
      `${what} holds a line break or a control character, which no HTTP header can carry.`,
    );
  return bytes;
}
