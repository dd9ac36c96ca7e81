/**
 * Fields of Kubernetes objects that must be text. A template that writes a value there without quotes gets
 * YAML's type: 20261130 is a number, 1e3 is 1000, 007 is 7, null is nothing.
 * https://yaml.org/spec/1.2.2/#103-core-schema
 */
import { LineCounter, isMap, isPair, isScalar, isSeq, parseAllDocuments, visit } from 'yaml';
import type { Pair, Scalar } from 'yaml';
import { UsageError } from './errors.ts';
import { findDeepNesting } from './yaml-shape.ts';

/** Maps whose values are all text. */
const MAPS = new Set(['labels', 'annotations', 'matchLabels', 'nodeSelector', 'stringData']);
/** Fields that are text at any depth. */
const FIELDS = new Set(['name', 'image', 'subset']);

/**
 * Throws for the first such field of rendered `text` that is a number,
 * a boolean or null. @param file the template, for the message
 */
export function verifyTextFields(file: string, text: string): void {
  // Unparsable text is reported by whoever reads the objects.
  if (findDeepNesting(text) !== undefined) return;
  const lines = new LineCounter();
  for (const document of parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })) {
    // Invalid YAML is reported by whoever reads the objects.
    if (!('contents' in document) || document.errors.length > 0) continue;
    const kind = String(document.get('kind'));
    visit(document, {
      Pair(_, pair, path) {
        const { value } = pair;
        const place = [...keysOf(path), keyOf(pair)];
        if (!isScalar(value) || typeof value.value === 'string' || !mustBeText(place, kind)) return;
        // An environment variable without a value is empty.
        if (place.at(-1) === 'value' && (value.source ?? '') === '') return;
        const { line } = lines.linePos(value.range?.[0] ?? 0);
        throw new UsageError(
          `${file}: line ${line} of the rendered text: ${place.join('.')} is ${describe(value)}, and must be text. ` +
            `Quote it in the template, such as {{ .version | quote }}.`,
        );
      },
    });
  }
}

function mustBeText(place: readonly string[], kind: string): boolean {
  const [parent = '', key = ''] = place.slice(-2);
  const [grandparent] = place.slice(-3);
  if (MAPS.has(parent) || FIELDS.has(key)) return true;
  if (key === 'value' && grandparent === 'env') return true;
  if (parent === 'data') return kind === 'ConfigMap' || kind === 'Secret';
  return parent === 'selector' && kind === 'Service';
}

function describe({ value, source = '' }: Scalar): string {
  if (value === null) return source === '' ? 'empty' : `${source}, which is nothing in YAML`;
  if (typeof value === 'number')
    return String(value) === source ? `the number ${source}` : `the number ${value} (${source})`;
  return `${source}, a ${typeof value}`;
}

/** The path of keys and list indexes to a pair. */
function keysOf(path: readonly unknown[]): string[] {
  return path.flatMap((step, index) => {
    if (isPair(step)) return [keyOf(step)];
    const inside = path[index + 1];
    return isSeq(step) && (isMap(inside) || isScalar(inside)) ? [String(step.items.indexOf(inside))] : [];
  });
}

function keyOf({ key }: Pair): string {
  return String(key);
}
