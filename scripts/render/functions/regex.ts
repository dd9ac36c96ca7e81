import { fn, type TemplateFunction } from '../template/functions.ts';
import { withElementType } from '../template/values.ts';
import { FunctionError } from '../template/errors.ts';
import { compilePattern, type Match, type Pattern } from './pattern.ts';

/** The most matches of a pattern in one text. */
const MAX_MATCHES = 1_000_000;

/**
 * All matches, at most n of them (n < 0: all). An empty match right
 * behind another match does not count, as in Go.
 */
function matches(pattern: Pattern, text: string, n: number): Match[] {
  const found: Match[] = [];
  let at = 0;
  let previousEnd = -1;
  while (at <= text.length && (n < 0 || found.length < n)) {
    const match = pattern.find(text, at);
    if (match === undefined) break;
    const { start, end } = match;
    if (end > start || start !== previousEnd) found.push(match);
    if (found.length > MAX_MATCHES) throw new FunctionError(`more than ${MAX_MATCHES} matches`);
    previousEnd = end;
    at = end > start ? end : end + ((text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1);
  }
  return found;
}

function expand(template: string, match: Match): string {
  return template.replace(
    /\$(?:\$|\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g,
    (whole, braced?: string, bare?: string) => {
      if (whole === '$$') return '$';
      return match.group(braced ?? bare ?? '');
    },
  );
}

function replaceAll(pattern: Pattern, text: string, replacement: (match: Match) => string): string {
  let out = '';
  let at = 0;
  for (const match of matches(pattern, text, -1)) {
    out += text.slice(at, match.start) + replacement(match);
    at = match.end;
  }
  return out + text.slice(at);
}

function split(pattern: Pattern, text: string, n: number): string[] {
  if (n === 0) return [];
  if (pattern.source !== '' && text === '') return [''];
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const match of matches(pattern, text, n)) {
    if (n > 0 && parts.length === n - 1) break;
    end = match.start;
    if (match.end !== 0) parts.push(text.slice(begin, end));
    begin = match.end;
  }
  if (end !== text.length) parts.push(text.slice(begin));
  return parts;
}

const strings = (items: string[]): string[] => withElementType(items, 'string');

function isMatch(pattern: string, text: string): boolean {
  try {
    return compilePattern(pattern).find(text, 0) !== undefined;
  } catch (error) {
    // As in sprig, regexMatch returns false for an invalid pattern.
    if (error instanceof FunctionError) return false;
    throw error;
  }
}

export const regexFunctions: Array<[string, TemplateFunction]> = [
  ['regexMatch', fn(['string', 'string'], ([pattern, text]) => isMatch(pattern, text))],
  [
    'regexFind',
    fn(['string', 'string'], ([pattern, text]) => compilePattern(pattern).find(text, 0)?.group('0') ?? ''),
  ],
  [
    'regexFindAll',
    fn(['string', 'string', 'int'], ([pattern, text, n]) =>
      strings(matches(compilePattern(pattern), text, Number(n)).map((match) => match.group('0'))),
    ),
  ],
  [
    'regexReplaceAll',
    fn(['string', 'string', 'string'], ([pattern, text, replacement]) =>
      replaceAll(compilePattern(pattern), text, (match) => expand(replacement, match)),
    ),
  ],
  [
    'regexReplaceAllLiteral',
    fn(['string', 'string', 'string'], ([pattern, text, replacement]) =>
      replaceAll(compilePattern(pattern), text, () => replacement),
    ),
  ],
  [
    'regexSplit',
    fn(['string', 'string', 'int'], ([pattern, text, n]) =>
      strings(split(compilePattern(pattern), text, Number(n))),
    ),
  ],
];
