/**
 * Texts as a stranger could put them into a cluster or an answer, and
 * how to see that none of them got through.
 */

/**
 * Titles, clears, colours, forged lines, directions, what has no
 * width, halves of pairs, and names that objects know already.
 */
export const hostile = [
  '\x1b]0;stolen title\x07',
  '\x1b[2J\x1b[H',
  '\x9b2J\x9d0;stolen\x9c',
  'v1\n ✓ Delete coffee-shop-v1         all pods of v1 are gone',
  'v1\r\nv2 serves all traffic',
  '\rv2 serves all traffic',
  'a\u2028b\u2029c\x85d\ve\ff',
  '\u202eeman\u2066x\u2069',
  'v\u200b1\ufeff\u00ad\u{e0041}',
  'x\x00\x07\b\x7f',
  '\ud83d',
  'x'.repeat(200_000),
];

/** All of it in one, short enough for a header or a name. */
export const nasty = 'v9\x1b[2J\x1b]0;t\x07\x9b2J\x7f\u202e\u2066\u200b\u2028\n ✓ forged\r\n';

/** What must not be in an output beside line breaks and, on a terminal, our own colours. */
export const invisible =
  /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;
