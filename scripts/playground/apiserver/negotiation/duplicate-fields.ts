/** The longest text that is searched, in characters: longer ones are not written by hand. */
const MAX_CHARACTERS = 256 * 1024;

/**
 * Fields that a JSON text gives twice within one object, as `spec.replicas`. The parser keeps the last one
 * and says nothing; the API server tells the client.
 */
export function duplicateFields(text: string): string[] {
  if (text.length > MAX_CHARACTERS) return [];
  const found = new Set<string>();
  /** One per open object or list: the fields seen, and the path to it. */
  const open: { seen: Set<string> | undefined; path: string; index: number; key: string }[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  let last = '';
  for (const [part] of text.matchAll(token)) {
    const top = open.at(-1);
    if (part === '{' || part === '[') {
      const path = top === undefined ? '' : pathOf(top);
      open.push({ seen: part === '{' ? new Set() : undefined, path, index: 0, key: '' });
    } else if (part === '}' || part === ']') open.pop();
    else if (part === ',' && top !== undefined) top.index += 1;
    else if (part === ':' && top?.seen !== undefined) {
      top.key = JSON.parse(last) as string;
      if (top.seen.has(top.key)) found.add(pathOf(top));
      top.seen.add(top.key);
    }
    last = part;
  }
  return [...found];
}

function pathOf({
  seen,
  path,
  index,
  key,
}: {
  seen: unknown;
  path: string;
  index: number;
  key: string;
}): string {
  if (seen === undefined) return `${path}[${index}]`;
  return path === '' ? key : `${path}.${key}`;
}
