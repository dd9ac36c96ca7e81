/**
 * YAML as kubectl's parser (go-yaml) takes it: YAML 1.1, where yes is
 * true, 0777 a number and the last of two equal keys counts.
 */
import {
  LineCounter,
  isScalar,
  parseAllDocuments,
  visit,
  type Document,
  type ScalarTag,
  type Tags,
} from 'yaml';
import { findAliasProblem, findDeepNesting } from '../../yaml-shape.ts';

/**
 * The first document of a text, or null when it is empty; later documents are ignored.
 * @throws Error with line and column when the text is no YAML
 */
export function parseAsKubectl(text: string): unknown {
  const nesting = findDeepNesting(text);
  if (nesting !== undefined)
    throw new Error(`${nesting.message} at line ${text.slice(0, nesting.offset).split('\n').length}`);
  const lineCounter = new LineCounter();
  const [document] = parseAllDocuments(text, {
    lineCounter,
    version: '1.1',
    schema: 'yaml-1.1',
    customTags: withoutFarTypes,
    merge: true,
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: true,
  }) as Exclude<ReturnType<typeof parseAllDocuments>, { empty: true }>;
  if (document === undefined) return null;
  const [error] = document.errors;
  // Without the source lines: they may hold a secret.
  if (error !== undefined) throw new Error((error.message.split('\n')[0] ?? '').replace(/"[^"]*"/g, '"…"'));
  const aliases = findAliasProblem(document as Document.Parsed);
  if (aliases !== undefined)
    throw new Error(`${aliases.message} at line ${lineCounter.linePos(aliases.offset).line}`);
  visit(document, {
    Pair(_key, { key }) {
      if (isScalar(key) && key.value === null) throw new Error('a key is null');
    },
    Scalar(_key, { value }) {
      if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} is no number`);
    },
  });
  return document.toJS({ maxAliasCount: -1 });
}

/** Go's notation, which YAML 1.1 does not have. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0[oO][0-7_]+$/,
  resolve: (text) => Number(text.replace(/[-+_]/g, '')),
};

/**
 * Dates, sexagesimals (1:30) and binaries stay text: kubectl converts YAML to JSON, which has none of them.
 */
const withoutFarTypes = (tags: Tags): Tags => [
  OCTAL,
  ...tags.filter(
    (tag) =>
      typeof tag === 'string' ||
      (tag.format !== 'TIME' &&
        !['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary'].includes(tag.tag) &&
        !/:(omap|pairs|set)$/.test(tag.tag)),
  ),
];
