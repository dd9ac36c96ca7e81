/**
 * Changes one value in the text of a cluster file. All else stays byte for byte: comments, order, quotes.
 */
import { isMap, isNode, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Node, YAMLMap, YAMLSeq } from 'yaml';
import { printable, printableJson } from '../../shared/printable.ts';

/** One value of a set, or several that are written as a list. */
export type Told = string | string[];

/**
 * The text with the value changed at its source: the set's own values, its group's or `global`. Returns one
 * text for each way to quote the value, the way of the present value first. The caller parses them and takes
 * the first that reads as the value.
 * @param set the set's index, with the members of groups counted one by one
 * @returns an empty list where none of these sources has the key
 */
export function spelledIn(text: string, { set, key }: { set: number; key: string }, value: Told): string[] {
  const mark = text.startsWith('\ufeff') ? '\ufeff' : '';
  const content = text.slice(mark.length);
  const [document] = parseAllDocuments(content, { schema: 'failsafe', merge: true, prettyErrors: false });
  const node = isMap(document?.contents) ? findValue(document.contents, set, key) : undefined;
  if (node?.range == null) return [];
  const [start, end] = rangeOf(node);
  return spellings(content, node, value).map(
    (spelled) => `${mark}${content.slice(0, start)}${spelled}${content.slice(end)}`,
  );
}

function findValue(root: YAMLMap, set: number, key: string): Node | undefined {
  const sets = membersOf(root).flatMap((one): YAMLMap[][] => {
    const members = membersOf(one);
    return members.length === 0 ? [[one]] : members.map((member) => [member, one]);
  });
  const holders = [...(sets[set] ?? []).map((one) => fieldOf(one, 'values')), fieldOf(root, 'global')];
  for (const holder of holders) {
    const found = isMap(holder) ? pairOf(holder, (name) => name === key) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function membersOf(map: YAMLMap): YAMLMap[] {
  const list = fieldOf(map, 'include');
  return isSeq(list) ? list.items.filter((item) => isMap(item)) : [];
}

/** Finds a field as the renderer does: by its name, else by its name in any case. */
const fieldOf = (map: YAMLMap, field: string): Node | undefined =>
  pairOf(map, (name) => name === field) ?? pairOf(map, (name) => name.toLowerCase() === field);

function pairOf(map: YAMLMap, isMeant: (name: string) => boolean): Node | undefined {
  const pair = map.items.find(({ key }) => isScalar(key) && isMeant(String(key.value)));
  return isNode(pair?.value) ? pair.value : undefined;
}

function rangeOf(node: Node): [number, number] {
  const [start, end] = node.range ?? [0, 0, 0];
  // The range of a list includes what follows its last item, such as comments.
  const last = isBlockList(node) ? node.items.at(-1) : undefined;
  return [start, isNode(last) && last.range != null ? last.range[1] : end];
}

const isBlockList = (node: Node): node is YAMLSeq => isSeq(node) && node.flow !== true;

function spellings(content: string, node: Node, value: Told): string[] {
  const values = typeof value === 'string' ? [value] : value;
  // Escape control characters: a patch is printed on terminals.
  if (values.some((one) => printable(one, Infinity) !== one)) return [quoted(values.join(','))];
  if (isBlockList(node)) {
    const start = rangeOf(node)[0];
    const indent = ' '.repeat(start - (content.lastIndexOf('\n', start - 1) + 1));
    const written = (quote: (text: string) => string) =>
      values.map((one) => `- ${quote(one)}`).join(`\n${indent}`);
    return [written(String), written(quoted)];
  }
  if (isSeq(node)) return [values.join(', '), values.map(quoted).join(', ')].map((items) => `[${items}]`);
  const text = values.join(',');
  const double = quoted(text);
  if (!isScalar(node) || node.type === 'PLAIN') return [text, double];
  return node.type === 'QUOTE_SINGLE' ? [`'${text.replaceAll("'", "''")}'`, double] : [double];
}

/** Quotes that JSON and YAML read alike. */
const quoted = (text: string): string => printableJson([text]).slice(1, -1);
