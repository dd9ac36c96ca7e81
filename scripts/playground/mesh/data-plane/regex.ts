/**
 * RE2's regular expressions, as far as JavaScript's mean the same. Look-around and back references, which RE2
 * does not have, are refused; the pattern must match the whole text, as Envoy asks everywhere.
 */
export function fullMatch(pattern: string): (text: string) => boolean {
  const compiled = compile(pattern);
  return (text) => compiled.test(text);
}

/** The same for a pattern that may match anywhere in the text, as `/stats?filter=` asks. */
export function partMatch(pattern: string): RegExp {
  return compile(pattern, (source) => source);
}

/**
 * Every place of a text that a pattern matches, replaced as RE2 does: `\\2` is the second group.
 * @throws PatternError when the pattern is none.
 */
export function replaceAll(pattern: string, substitution: string): (text: string) => string {
  const compiled = new RegExp(
    compile(pattern, (source) => source),
    'gs',
  );
  return (text) =>
    text.replace(compiled, (...found: string[]) =>
      substitution.replace(/\\(\d)/g, (_, group: string) => found[Number(group)] ?? ''),
    );
}

/** Why a pattern is refused, in RE2's words. */
export class PatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatternError';
  }
}

function compile(pattern: string, whole = (source: string) => `^(?:${source})$`): RegExp {
  if (/\(\?(=|!|<=|<!)/.test(pattern))
    throw new PatternError(`invalid perl operator: ${/\(\?<?[=!]/.exec(pattern)?.[0] ?? '(?'}`);
  if (/\\[1-9]/.test(pattern))
    throw new PatternError(`invalid escape sequence: ${/\\[1-9]/.exec(pattern)?.[0] ?? ''}`);
  const flags = /^\(\?i\)/.test(pattern) ? 'is' : 's';
  const source = pattern.replace(/^\(\?i\)/, '').replaceAll('(?P<', '(?<');
  try {
    return new RegExp(whole(source), flags);
  } catch {
    throw new PatternError(explain(pattern));
  }
}

function explain(pattern: string): string {
  let depth = 0;
  let inClass = false;
  for (let i = 0; i < pattern.length; i += 1) {
    const one = pattern[i];
    if (one === '\\') {
      i += 1;
      if (i >= pattern.length) return 'trailing \\';
    } else if (inClass) inClass = one !== ']';
    else if (one === '[') inClass = true;
    else if (one === '(') depth += 1;
    else if (one === ')' && depth-- === 0) return `unexpected ): ${pattern}`;
  }
  if (inClass) return `missing ]: ${pattern.slice(pattern.lastIndexOf('['))}`;
  if (depth > 0) return `missing ): ${pattern}`;
  return `no argument for repetition operator: ${/[*+?]/.exec(pattern)?.[0] ?? pattern}`;
}
