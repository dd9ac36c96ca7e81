/**
 * A cluster file as text in which one value is changed: whatever else stands in it stays byte for byte, with
 * its comments, its order and its quotes.
 */
import { isMap, isNode, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Node, YAMLMap, YAMLSeq } from 'yaml';
import { printable, printableJson } from '../../shared/printable.ts';

/** One value of a set, or several that are written as a list. */
export type Told = string | string[];

/**
 * The text with the value where the set has it from: its own values, its group's or `global`. Several ways to
 * write it, that of today's value first: which of them reads as the value is the reader's to judge.
 * @param set counted as the sets are, the members of groups one by one
 * @returns nothing where the key stands in none of these
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

/** As the renderer finds a field: by its name, else whatever its case. */
const fieldOf = (map: YAMLMap, field: string): Node | undefined =>
  pairOf(map, (name) => name === field) ?? pairOf(map, (name) => name.toLowerCase() === field);

function pairOf(map: YAMLMap, isMeant: (name: string) => boolean): Node | undefined {
  const pair = map.items.find(({ key }) => isScalar(key) && isMeant(String(key.value)));
  return isNode(pair?.value) ? pair.value : undefined;
}

function rangeOf(node: Node): [number, number] {
  const [start, end] = node.range ?? [0, 0, 0];
  // What follows the last item, comments for instance, is the list's by its range.
  const last = isBlockList(node) ? node.items.at(-1) : undefined;
  return [start, isNode(last) && last.range != null ? last.range[1] : end];
}

const isBlockList = (node: Node): node is YAMLSeq => isSeq(node) && node.flow !== true;

function spellings(content: string, node: Node, value: Told): string[] {
  const values = typeof value === 'string' ? [value] : value;
  // What a terminal could obey is escaped: a patch is shown.
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

/** As JSON and YAML quote alike. */
const quoted = (text: string): string => printableJson([text]).slice(1, -1);
