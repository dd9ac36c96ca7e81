import { FunctionError } from '../template/errors.ts';
import { parsePattern, type ParsedPattern, type PatternNode } from './pattern-syntax.ts';

export interface Match {
  start: number;
  end: number;
  /** The text of a group by number or name; '' when it took no part. */
  group(name: string): string;
}

export interface Pattern {
  readonly source: string;
  find(text: string, from: number): Match | undefined;
}

type Instruction =
  | { op: 'set'; test: (code: number) => boolean }
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number }
  | { op: 'save'; slot: number }
  | { op: 'assert'; what: Extract<PatternNode, { kind: 'assert' }>['what'] }
  | { op: 'match' };

// Nested repetitions multiply: a larger pattern is refused, as in Go.
const MAX_PROGRAM = 50_000;

/**
 * Compiles a regular expression of Go's syntax. It runs as a set of threads over the text (a Pike VM), so
 * that time is at most pattern x text; JavaScript's backtracking can be exponential.
 */
export function compilePattern(source: string): Pattern {
  const parsed = parsePattern(source);
  const program: Instruction[] = [];
  emit(program, { kind: 'group', index: 0, name: undefined, body: parsed.root });
  program.push({ op: 'match' });
  return { source, find: (text, from) => run(program, parsed, text, from) };
}

function push(program: Instruction[], instruction: Instruction): number {
  if (program.length >= MAX_PROGRAM) {
    throw new FunctionError('error parsing regexp: expression too large');
  }
  return program.push(instruction) - 1;
}

function emit(program: Instruction[], node: PatternNode): void {
  switch (node.kind) {
    case 'set':
      push(program, { op: 'set', test: node.test });
      return;
    case 'assert':
      push(program, { op: 'assert', what: node.what });
      return;
    case 'group':
      push(program, { op: 'save', slot: 2 * node.index });
      emit(program, node.body);
      push(program, { op: 'save', slot: 2 * node.index + 1 });
      return;
    case 'sequence':
      for (const part of node.parts) emit(program, part);
      return;
    case 'alternatives':
      emitAlternatives(program, node.choices);
      return;
    case 'repeat':
      emitRepeat(program, node);
  }
}

function emitAlternatives(program: Instruction[], choices: readonly PatternNode[]): void {
  const jumps: number[] = [];
  choices.forEach((choice, index) => {
    if (index === choices.length - 1) {
      emit(program, choice);
      return;
    }
    const split = push(program, { op: 'split', first: program.length + 1, second: 0 });
    emit(program, choice);
    jumps.push(push(program, { op: 'jump', to: 0 }));
    program[split] = { op: 'split', first: split + 1, second: program.length };
  });
  for (const jump of jumps) program[jump] = { op: 'jump', to: program.length };
}

function emitRepeat(program: Instruction[], node: Extract<PatternNode, { kind: 'repeat' }>): void {
  const { body, min, max, greedy } = node;
  const split = (at: number, inside: number, outside: number): void => {
    program[at] = greedy
      ? { op: 'split', first: inside, second: outside }
      : { op: 'split', first: outside, second: inside };
  };
  if (max === Infinity) {
    emitUnbounded(program, body, min, split);
    return;
  }
  for (let count = 0; count < min; count++) emit(program, body);
  const splits: number[] = [];
  for (let count = min; count < max; count++) {
    splits.push(push(program, { op: 'jump', to: 0 }));
    emit(program, body);
  }
  for (const at of splits) split(at, at + 1, program.length);
}

type Split = (at: number, inside: number, outside: number) => void;

function emitUnbounded(program: Instruction[], body: PatternNode, min: number, split: Split): void {
  for (let count = 1; count < min; count++) emit(program, body);
  // x* of something that can be empty is (x+)?: else an empty iteration would hide the alternatives after it.
  const skip = min === 0 ? push(program, { op: 'jump', to: 0 }) : undefined;
  const start = program.length;
  emit(program, body);
  if (skip !== undefined && !canBeEmpty(body)) {
    push(program, { op: 'jump', to: skip });
  } else {
    const again = push(program, { op: 'jump', to: 0 });
    split(again, start, program.length);
  }
  if (skip !== undefined) split(skip, skip + 1, program.length);
}

function canBeEmpty(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'assert':
      return true;
    case 'group':
      return canBeEmpty(node.body);
    case 'sequence':
      return node.parts.every(canBeEmpty);
    case 'alternatives':
      return node.choices.some(canBeEmpty);
    case 'repeat':
      return node.min === 0 || canBeEmpty(node.body);
  }
}

type Slots = readonly number[];

interface Thread {
  at: number;
  slots: Slots;
}

function run(program: Instruction[], parsed: ParsedPattern, text: string, from: number): Match | undefined {
  let threads: Thread[] = [];
  let found: Slots | undefined;
  const visited = new Uint32Array(program.length);
  let generation = 0;
  const empty: Slots = new Array<number>(2 * (parsed.groups + 1)).fill(-1);
  for (let position = from; ;) {
    const code = text.codePointAt(position);
    // A thread started here has the lowest priority; after a match none is started.
    if (found === undefined) threads.push({ at: 0, slots: empty });
    const ready = follow(program, threads, text, position, visited, ++generation);
    const next: Thread[] = [];
    for (const { at, slots } of ready) {
      const instruction = program[at];
      if (instruction?.op === 'match') {
        found = slots;
        break;
      }
      if (instruction?.op === 'set' && code !== undefined && instruction.test(code))
        next.push({ at: at + 1, slots });
    }
    threads = next;
    if (code === undefined || (found !== undefined && threads.length === 0)) break;
    position += code > 0xffff ? 2 : 1;
  }
  return found === undefined ? undefined : matchOf(found, parsed, text);
}

/** Advances threads over everything that takes no character, in order of priority. */
function follow(
  program: Instruction[],
  threads: readonly Thread[],
  text: string,
  position: number,
  visited: Uint32Array,
  generation: number,
): Thread[] {
  const ready: Thread[] = [];
  for (const thread of threads) {
    const stack: Thread[] = [thread];
    for (let current = stack.pop(); current !== undefined; current = stack.pop()) {
      const { at, slots } = current;
      if (visited[at] === generation) continue;
      visited[at] = generation;
      const instruction = program[at];
      switch (instruction?.op) {
        case 'jump':
          stack.push({ at: instruction.to, slots });
          break;
        case 'split':
          stack.push({ at: instruction.second, slots }, { at: instruction.first, slots });
          break;
        case 'save':
          stack.push({ at: at + 1, slots: slots.with(instruction.slot, position) });
          break;
        case 'assert':
          if (holds(instruction.what, text, position)) stack.push({ at: at + 1, slots });
          break;
        default:
          ready.push(current);
      }
    }
  }
  return ready;
}

const isWordUnit = (char: string | undefined): boolean => char !== undefined && /[0-9A-Za-z_]/.test(char);

function holds(
  what: Extract<PatternNode, { kind: 'assert' }>['what'],
  text: string,
  position: number,
): boolean {
  const atBoundary = isWordUnit(text[position - 1]) !== isWordUnit(text[position]);
  switch (what) {
    case 'textStart':
      return position === 0;
    case 'textEnd':
      return position === text.length;
    case 'lineStart':
      return position === 0 || text[position - 1] === '\n';
    case 'lineEnd':
      return position === text.length || text[position] === '\n';
    case 'word':
      return atBoundary;
    case 'notWord':
      return !atBoundary;
  }
}

function matchOf(slots: Slots, parsed: ParsedPattern, text: string): Match {
  return {
    start: slots[0] ?? 0,
    end: slots[1] ?? 0,
    group: (name) => {
      const index = /^[0-9]+$/.test(name) ? Number(name) : parsed.names.get(name);
      if (index === undefined || index > parsed.groups) return '';
      const start = slots[2 * index] ?? -1;
      return start < 0 ? '' : text.slice(start, slots[2 * index + 1]);
    },
  };
}
