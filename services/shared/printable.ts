/**
 * What `JSON.stringify` gives, and the same value when parsed. What a terminal could obey (C1, DEL, overrides
 * of the writing direction, what has no width) is escaped within the strings: a log is read on terminals, and
 * callers choose the paths and names in it.
 */
export function printableJson(value: object, replacer?: (key: string, value: unknown) => unknown): string {
  return JSON.stringify(value, replacer).replace(notShown, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

const notShown = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
