/**
 * Limits for all YAML (and so JSON) that a command reads: nesting, aliases that contain themselves, aliases
 * that expand too far. The parser recurses; a stack overflow in it can kill the process.
 */
import { isAlias, isCollection, isNode, isPair, Lexer, Parser, visit, type Document, type Node } from 'yaml';

/** Deepest nesting of lists and maps; Kubernetes' own objects have about 30 levels. */
export const MAX_NESTING = 200;
/** Most values that the aliases of a document may expand to. */
export const MAX_UNFOLDED = 1_000_000;

/** A violation, and its position in the text. */
export interface ShapeProblem {
  message: string;
  offset: number;
}

/** Before parsing: nesting that would overflow the parser's stack. */
export function findDeepNesting(text: string): ShapeProblem | undefined {
  if (!mayNestDeep(text)) return undefined;
  // The parser of tokens keeps a stack of its own, one entry per
  // level; only what builds the document recurses.
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    // A generator: it consumes the token when it is iterated.
    Array.from(parser.next(lexeme));
    if (parser.stack.length > MAX_NESTING + 2)
      return {
        message: `lists and maps within each other more than ${MAX_NESTING} deep`,
        offset: parser.offset,
      };
  }
  return undefined;
}

/** Whether a JSON text nests deeper: JSON.parse accepts that, but code that walks the result may overflow. */
export function nestsDeepInJson(text: string): boolean {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isInText) {
      if (char === '\\') at++;
      else if (char === '"') isInText = false;
    } else if (char === '"') isInText = true;
    else if (char === '[' || char === '{') {
      if (++depth > MAX_NESTING) return true;
    } else if (char === ']' || char === '}') depth--;
  }
  return false;
}

/**
 * A quick upper bound: a level takes a bracket, a dash, a question mark or a further column of indentation.
 */
function mayNestDeep(text: string): boolean {
  let brackets = 0;
  let lineLevels = 0;
  let isIndent = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === NEW_LINE) {
      lineLevels = 0;
      isIndent = true;
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (++brackets > MAX_NESTING / 2) return true;
      isIndent = false;
    } else if (isIndent) {
      if (code !== SPACE && code !== DASH && code !== QUESTION && code !== TAB) isIndent = false;
      else if (++lineLevels > MAX_NESTING / 2) return true;
    }
  }
  return false;
}
const [NEW_LINE, OPEN_BRACKET, OPEN_BRACE, SPACE, DASH, QUESTION, TAB] = Buffer.from('\n[{ -?\t');

/** After parsing, before the document becomes values: checks its aliases. */
export function findAliasProblem(document: Document.Parsed): ShapeProblem | undefined {
  const anchors = new Map<string, Node>();
  const measure = createMeasure();
  let problem: ShapeProblem | undefined;
  let unfolded = 0;
  visit(document, {
    Node(_, node, path) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return undefined;
      }
      const name = `*${node.source}`;
      const offset = node.range?.[0] ?? 0;
      // An alias means the last anchor of its name before it.
      const target = anchors.get(node.source);
      if (target === undefined) problem = { message: `the alias ${name} has no anchor before it`, offset };
      else if (path.includes(target)) problem = { message: `an alias that holds itself (${name})`, offset };
      else {
        measure.stands(node, target);
        const { size, depth } = measure.of(target);
        unfolded += size;
        if (unfolded > MAX_UNFOLDED)
          problem = { message: `aliases that unfold into more than ${MAX_UNFOLDED} values`, offset };
        else if (path.filter(isCollection).length + depth > MAX_NESTING)
          problem = { message: `aliases within each other more than ${MAX_NESTING} deep`, offset };
      }
      return problem === undefined ? undefined : visit.BREAK;
    },
  });
  return problem;
}

interface Extent {
  /** Values, with aliases written out. */
  size: number;
  depth: number;
}

/** Each collection is measured once: what an alias stands for has been measured when the alias was met. */
function createMeasure(): { stands: (alias: Node, target: Node) => void; of: (node: unknown) => Extent } {
  const targets = new Map<Node, Node>();
  const known = new Map<Node, Extent>();
  const of = (node: unknown): Extent => {
    if (isPair(node)) return both(of(node.key), of(node.value));
    if (!isNode(node)) return { size: 0, depth: 0 };
    if (isAlias(node)) return of(targets.get(node));
    if (!isCollection(node)) return { size: 1, depth: 0 };
    const before = known.get(node);
    if (before !== undefined) return before;
    const inside = (node.items as unknown[]).map(of).reduce(both, { size: 0, depth: 0 });
    const extent = { size: inside.size + 1, depth: inside.depth + 1 };
    known.set(node, extent);
    return extent;
  };
  return { stands: (alias, target) => void targets.set(alias, target), of };
}

const both = (a: Extent, b: Extent): Extent => ({
  size: a.size + b.size,
  depth: Math.max(a.depth, b.depth),
});
