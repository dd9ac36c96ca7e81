import { printedAction } from './builtins.ts';
import { didYouMean } from './did-you-mean.ts';
import { FunctionError, RenderError, type ErrorClass } from './errors.ts';
import type { CallContext, FunctionTable, ParameterType, TemplateFunction } from './functions.ts';
import type { BranchNode, CommandNode, Node, Operand, OperandNode, PipeNode, Template } from './nodes.ts';
import { LimitError, type Meter } from './meter.ts';
import { printOperand } from './printer.ts';
import { quote } from './quoting.ts';
import type { Source } from './source.ts';
import {
  Instance,
  Typed,
  elementTypeOf,
  floatIn,
  integerIn,
  isTrue,
  kindOf,
  sortedKeys,
  typeName,
  type MaybeValue,
  type Value,
  type ValueMap,
} from './values.ts';

/** Limits that no real template reaches: a runaway template becomes an error with a position. */
export interface Limits {
  /** Nested template calls. */
  depth: number;
  /** Nodes executed, items and text made: see `Meter`. */
  steps: number;
  /** Nested lists of nodes, including called templates. */
  nesting: number;
  /** Characters of output. */
  output: number;
}

export const DEFAULT_LIMITS: Limits = {
  depth: 400,
  steps: 5_000_000,
  nesting: 1_000,
  output: 256 * 1024 * 1024,
};

export interface Execution extends CallContext {
  source: Source;
  template: Template;
  functions: FunctionTable;
  limits: Limits;
  /** Shared with the file that inserts this one. */
  meter: Meter;
  /** A hint for a missing top-level value; added to the error. */
  explainMissing?: ((path: string) => string | undefined) | undefined;
}

/** Runs a parsed template. Throws RenderError with phase 'exec'. */
export function execute(execution: Execution): string {
  return new Executor(execution).run();
}

// No argument came from a pipe: different from a piped nil.
const NONE = Symbol('no final argument');
type Final = MaybeValue | typeof NONE;
/** The arguments after a field or method, and the dot in which they are evaluated. */
interface Call {
  dot: MaybeValue;
  args: readonly OperandNode[];
  final: Final;
}
type Jump = 'break' | 'continue' | undefined;

class Executor {
  private readonly execution: Execution;
  private readonly out: string[] = [];
  private variables: Array<{ name: string; value: MaybeValue }>;
  private depth = 0;
  private outputLength = 0;
  private place = 0;

  constructor(execution: Execution) {
    this.execution = execution;
    this.variables = [{ name: '$', value: execution.root }];
  }

  run(): string {
    try {
      this.list(this.execution.template.body, this.execution.root);
    } catch (error) {
      if (error instanceof RangeError) {
        const limit = error instanceof LimitError ? error.message : undefined;
        this.fail(limit ?? 'the template nests too deep or its text grows too large', this.place, {
          errorClass: 'too-deep',
        });
      }
      throw error;
    }
    return this.out.join('');
  }

  private fail(
    fact: string,
    offset: number,
    details: {
      errorClass?: ErrorClass;
      expression?: string | undefined;
      hint?: string | undefined;
      cause?: unknown;
    } = {},
  ): never {
    const { source } = this.execution;
    const position = source.positionOf(offset);
    throw new RenderError(
      {
        file: source.name,
        ...position,
        fact,
        errorClass: details.errorClass ?? 'bad-call',
        phase: 'exec',
        expression: details.expression,
        hint: details.hint,
        sourceLine: source.lineText(position.line),
      },
      details.cause === undefined ? undefined : { cause: details.cause },
    );
  }

  private write(text: string): void {
    this.outputLength += text.length;
    if (this.outputLength > this.execution.limits.output) {
      this.fail(`more than ${this.execution.limits.output} characters of output`, this.place, {
        errorClass: 'too-deep',
      });
    }
    this.out.push(text);
  }

  // Nodes

  private list(nodes: readonly Node[], dot: MaybeValue): Jump {
    const { meter } = this.execution;
    meter.enter();
    let jump: Jump;
    for (const node of nodes) {
      this.place = node.offset;
      meter.spend();
      jump = this.node(node, dot);
      if (jump !== undefined) break;
    }
    meter.leave();
    return jump;
  }

  private node(node: Node, dot: MaybeValue): Jump {
    switch (node.kind) {
      case 'text':
        this.write(node.text);
        return undefined;
      case 'action': {
        const value = this.pipeline(dot, node.pipe);
        if (node.pipe.declared.length === 0) this.write(printedAction(value, this.execution.style));
        return undefined;
      }
      case 'if':
      case 'with':
        return this.condition(node, dot);
      case 'range':
        return this.range(node, dot);
      case 'template':
        this.call(node, dot);
        return undefined;
      default:
        return node.kind;
    }
  }

  private condition(node: BranchNode, dot: MaybeValue): Jump {
    const mark = this.variables.length;
    const value = this.pipeline(dot, node.pipe);
    let jump: Jump;
    if (isTrue(value)) jump = this.list(node.body, node.kind === 'with' ? value : dot);
    else if (node.otherwise !== undefined) jump = this.list(node.otherwise, dot);
    this.variables.length = mark;
    return jump;
  }

  private range(node: BranchNode, dot: MaybeValue): Jump {
    const outer = this.variables.length;
    const value = this.pipeline(dot, node.pipe);
    const mark = this.variables.length;
    let ran = false;
    for (const [index, element] of this.elements(node, value)) {
      ran = true;
      this.place = node.offset;
      this.execution.meter.spend();
      this.setRangeVariables(node.pipe, index, element, mark);
      const jump = this.list(node.body, element);
      this.variables.length = mark;
      if (jump === 'break') break;
    }
    const jump = ran || node.otherwise === undefined ? undefined : this.list(node.otherwise, dot);
    this.variables.length = outer;
    return jump;
  }

  private *elements(node: BranchNode, value: MaybeValue): Iterable<[MaybeValue, MaybeValue]> {
    if (value === null || value === undefined) return;
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) yield [BigInt(index), value[index] ?? null];
      return;
    }
    if (value instanceof Map) {
      this.execution.meter.spend(value.size);
      for (const key of sortedKeys(value)) yield [key, value.get(key) ?? null];
      return;
    }
    const integer = integerIn(value);
    if (integer === undefined) {
      const hint = typeof value === 'number' ? 'To count, use until (int ...)' : undefined;
      this.fail(`range can't iterate over ${printedAction(value, this.execution.style)}`, node.offset, {
        errorClass: 'bad-range',
        expression: printOperand(node.pipe).slice(1, -1),
        hint,
      });
    }
    if (node.pipe.declared.length > 1) {
      this.fail(`can't use ${integer} to iterate over more than one variable`, node.offset, {
        errorClass: 'bad-range',
      });
    }
    const typed = (count: bigint): Value => (value instanceof Typed ? new Typed(value.type, count) : count);
    for (let count = 0n; count < integer; count++) yield [undefined, typed(count)];
  }

  private setRangeVariables(pipe: PipeNode, index: MaybeValue, element: MaybeValue, mark: number): void {
    const [first, second] = pipe.declared;
    if (first === undefined) return;
    if (pipe.assigns) {
      this.assign(first, second === undefined ? element : index, pipe.offset);
      if (second !== undefined) this.assign(second, element, pipe.offset);
      return;
    }
    this.setAt(mark - 1, element);
    if (second !== undefined) this.setAt(mark - 2, index);
  }

  private setAt(position: number, value: MaybeValue): void {
    const variable = this.variables[position];
    // A fresh object: closures do not exist, but the else branch and outer scopes must keep their own.
    if (variable !== undefined) this.variables[position] = { name: variable.name, value };
  }

  private call(node: Extract<Node, { kind: 'template' }>, dot: MaybeValue): void {
    const { template } = this.execution;
    const body = template.defined.get(node.name) ?? (node.name === template.name ? template.body : undefined);
    if (body === undefined) {
      this.fail(`template ${quote(node.name)} not defined`, node.offset, {
        errorClass: 'unknown-template',
        hint: didYouMean(node.name, template.defined.keys()),
      });
    }
    if (++this.depth > this.execution.limits.depth) {
      this.fail(`exceeded maximum template depth (${this.execution.limits.depth})`, node.offset, {
        errorClass: 'too-deep',
      });
    }
    const argument = node.pipe === undefined ? undefined : this.pipeline(dot, node.pipe);
    const outer = this.variables;
    this.variables = [{ name: '$', value: argument }];
    this.list(body, argument);
    this.variables = outer;
    this.depth--;
  }

  // Pipelines and commands

  private pipeline(dot: MaybeValue, pipe: PipeNode): MaybeValue {
    let value: Final = NONE;
    for (const command of pipe.commands) {
      // A nil of the data, alone in a pipeline, becomes no value.
      value = this.command(dot, command, value) ?? undefined;
    }
    const result = value === NONE ? undefined : value;
    for (const name of pipe.declared) {
      if (pipe.assigns) this.assign(name, result, pipe.offset);
      else this.variables.push({ name, value: result });
    }
    return result;
  }

  private command(dot: MaybeValue, command: CommandNode, final: Final): MaybeValue {
    const [first, ...args] = command.args;
    if (first === undefined) return undefined;
    const hasArguments = args.length > 0 || final !== NONE;
    const call: Call | undefined = hasArguments ? { dot, args, final } : undefined;
    switch (first.kind) {
      case 'field':
      case 'chain':
        return this.operand(dot, first, call);
      case 'identifier':
        return this.callFunction(dot, first, args, final);
      case 'variable':
        if (first.names.length > 0) return this.operand(dot, first, call);
    }
    if (hasArguments) {
      const text = printOperand(first);
      this.fail(`can't give argument to non-function ${text}`, first.offset, { expression: text });
    }
    if (first.kind === 'nil') this.fail('nil is not a command', first.offset);
    return this.operand(dot, first);
  }

  /** The value of an operand of type `any`. */
  private operand(dot: MaybeValue, node: OperandNode, call?: Call): MaybeValue {
    switch (node.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return null;
      case 'bool':
      case 'string':
        return node.value;
      case 'number':
        if (node.literal.overflows === true) this.fail(`${node.text} overflows int`, node.offset);
        return node.literal.value;
      case 'pipe':
        return this.pipeline(dot, node);
      case 'identifier':
        return this.callFunction(dot, node, [], NONE);
      case 'field':
        return this.fields(dot, node, call);
      case 'variable':
        return this.fields(this.variable(node), node, call);
      case 'chain': {
        if (node.operand.kind === 'nil') {
          this.fail(`indirection through explicit nil in ${printOperand(node)}`, node.offset);
        }
        return this.fields(this.operand(dot, node.operand) ?? undefined, node, call);
      }
    }
  }

  private variable(node: Operand<'variable'>): MaybeValue {
    for (let at = this.variables.length - 1; at >= 0; at--) {
      const variable = this.variables[at];
      if (variable?.name === node.name) return variable.value;
    }
    this.fail(`undefined variable: ${node.name}`, node.offset, { errorClass: 'undefined-variable' });
  }

  private assign(name: string, value: MaybeValue, offset: number): void {
    for (let at = this.variables.length - 1; at >= 0; at--) {
      if (this.variables[at]?.name === name) {
        this.setAt(at, value);
        return;
      }
    }
    this.fail(`undefined variable: ${name}`, offset, { errorClass: 'undefined-variable' });
  }

  // Fields

  private fields(
    start: MaybeValue,
    node: Operand<'field'> | Operand<'variable'> | Operand<'chain'>,
    call: Call | undefined,
  ): MaybeValue {
    let value = start;
    node.names.forEach((name, index) => {
      value = this.field(value, name, index, node, index === node.names.length - 1 ? call : undefined);
    });
    return value;
  }

  private field(
    receiver: MaybeValue,
    name: string,
    index: number,
    node: Operand<'field'> | Operand<'variable'> | Operand<'chain'>,
    call: Call | undefined,
  ): MaybeValue {
    if (receiver instanceof Map && call === undefined) {
      const found = receiver.get(name);
      if (found !== undefined) return found;
    }
    if (receiver instanceof Instance) return this.method(receiver, name, index, node, call);
    const offset = this.offsetOfName(node, index);
    const details = { expression: printOperand(node) };
    if (receiver === undefined) {
      this.fail(`nil data; no entry for key ${quote(name)}`, offset, {
        ...details,
        errorClass: 'missing-key',
      });
    }
    const before = printOperand({ ...node, names: node.names.slice(0, index) });
    if (receiver === null) {
      const hint = `${before} is null`;
      this.fail(`nil pointer evaluating interface {}.${name}`, offset, {
        ...details,
        errorClass: 'bad-field',
        hint,
      });
    }
    if (!(receiver instanceof Map)) {
      const type = index === 0 && node.kind !== 'field' ? typeName(receiver) : 'interface {}';
      const hint = `${before === '' ? 'The dot' : before} is a ${kindOf(receiver)}, not a map`;
      this.fail(`can't evaluate field ${name} in type ${type}`, offset, {
        ...details,
        errorClass: 'bad-field',
        hint,
      });
    }
    if (call !== undefined) {
      this.fail(`${name} is not a method but has arguments`, offset, details);
    }
    this.fail(`map has no entry for key ${quote(name)}`, offset, {
      ...details,
      errorClass: 'missing-key',
      hint: this.missingHint(receiver, name, before),
    });
  }

  private method(
    receiver: Instance,
    name: string,
    index: number,
    node: Operand<'field'> | Operand<'variable'> | Operand<'chain'>,
    call: Call | undefined,
  ): MaybeValue {
    const offset = this.offsetOfName(node, index);
    const details = { expression: printOperand(node) };
    const method = receiver.methods.get(name);
    if (method === undefined) {
      const known = [...receiver.methods.keys()];
      this.fail(`can't evaluate field ${name} in type ${receiver.type}`, offset, {
        ...details,
        errorClass: 'bad-field',
        hint: didYouMean(name, known) ?? `It has ${known.join(', ')}.`,
      });
    }
    const values = (call?.args ?? []).map((arg) => this.operand(call?.dot, arg));
    if (call !== undefined && call.final !== NONE) values.push(call.final);
    if (values.length !== method.arity) {
      const message = `wrong number of args for ${name}: want ${method.arity} got ${values.length}`;
      this.fail(message, offset, details);
    }
    try {
      return method.run(values);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      this.fail(`error calling ${name}: ${error.message}`, offset, { ...details, cause: error });
    }
  }

  private missingHint(receiver: ValueMap, name: string, before: string): string | undefined {
    const near = didYouMean(name, receiver.keys());
    const isTopLevel = receiver === this.execution.root;
    const explained = isTopLevel ? this.execution.explainMissing?.(name) : undefined;
    const where = isTopLevel || before === '' ? undefined : knownKeys(before, receiver);
    const parts = [near, explained, near === undefined ? where : undefined].filter(
      (part) => part !== undefined,
    );
    return parts.length === 0 ? undefined : parts.join(' ');
  }

  /**
   * Names follow each other without space, so the position of each is
   * known; after a parenthesis only the start is.
   */
  private offsetOfName(
    node: Operand<'field'> | Operand<'variable'> | Operand<'chain'>,
    index: number,
  ): number {
    if (node.kind === 'chain') return node.offset;
    const start = node.offset + (node.kind === 'variable' ? node.name.length : 0);
    return node.names.slice(0, index).reduce((offset, name) => offset + name.length + 1, start);
  }

  // Functions

  private callFunction(
    dot: MaybeValue,
    node: Operand<'identifier'>,
    args: readonly OperandNode[],
    final: Final,
  ): MaybeValue {
    const found = this.execution.functions.get(node.name);
    if (found === undefined) this.fail(`${quote(node.name)} is not a defined function`, node.offset);
    const count = args.length + (final === NONE ? 0 : 1);
    this.checkCount(node, found, count);
    if (node.name === 'and' || node.name === 'or') return this.shortCircuit(dot, node.name, args, final);
    const values = args.map((arg, index) => this.argument(dot, arg, parameterAt(found, index)));
    if (final !== NONE) values.push(this.checked(final, parameterAt(found, args.length), node));
    this.place = node.offset;
    return this.invoke(node, found, values);
  }

  private invoke(node: Operand<'identifier'>, found: TemplateFunction, values: MaybeValue[]): MaybeValue {
    try {
      const made = found.run(values, this.execution);
      this.execution.meter.spendOn(made, values);
      return made;
    } catch (error) {
      if (error instanceof FunctionError) {
        this.fail(`error calling ${node.name}: ${error.message}`, node.offset, {
          errorClass: error.errorClass,
          hint: error.hint,
          cause: error,
        });
      }
      throw error;
    }
  }

  private checkCount(node: Operand<'identifier'>, found: TemplateFunction, count: number): void {
    const fixed = found.parameters.length;
    if (found.rest === undefined ? count === fixed : count >= fixed) return;
    const want = found.rest === undefined ? String(fixed) : `at least ${fixed}`;
    this.fail(`wrong number of args for ${node.name}: want ${want} got ${count}`, node.offset, {
      expression: node.name,
    });
  }

  /** `and` stops at the first false operand, `or` at the first true one: the rest is not evaluated. */
  private shortCircuit(
    dot: MaybeValue,
    name: 'and' | 'or',
    args: readonly OperandNode[],
    final: Final,
  ): MaybeValue {
    let value: MaybeValue;
    for (const arg of args) {
      value = this.argument(dot, arg, 'any');
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === NONE ? value : final;
  }

  private argument(dot: MaybeValue, node: OperandNode, type: ParameterType): MaybeValue {
    if (type === 'any') return this.operand(dot, node);
    switch (node.kind) {
      case 'nil':
        if (type === 'map') return undefined;
        return this.fail(`cannot assign nil to ${GO_TYPES[type]}`, node.offset);
      case 'bool':
      case 'string':
      case 'number':
        return this.literal(node, type);
      default:
        return this.checked(this.operand(dot, node), type, node);
    }
  }

  /** An untyped literal takes the parameter's type: 2 is a float where a float is needed. */
  private literal(
    node: Operand<'bool'> | Operand<'string'> | Operand<'number'>,
    type: ParameterType,
  ): MaybeValue {
    if (type === node.kind) return node.value;
    if (node.kind === 'number') {
      if (type === 'int' && node.literal.integer !== undefined) return node.literal.integer;
      if (type === 'float64' && node.literal.float !== undefined) return node.literal.float;
    }
    const want = { string: 'string', bool: 'bool', int: 'integer', float64: 'float' }[type as string];
    const text = printOperand(node);
    this.fail(
      want === undefined
        ? `can't handle ${text} for arg of type ${GO_TYPES[type]}`
        : `expected ${want}; found ${text}`,
      node.offset,
      {
        expression: text,
      },
    );
  }

  private checked(value: MaybeValue, type: ParameterType, node: OperandNode): MaybeValue {
    switch (type) {
      case 'any':
        return value ?? null;
      case 'string':
        if (typeof value === 'string') return value;
        break;
      case 'bool':
        if (typeof value === 'boolean') return value;
        break;
      case 'int':
        if (typeof value === 'bigint') return value;
        break;
      case 'float64': {
        const float = floatIn(value);
        if (float !== undefined) return float;
        break;
      }
      case 'map':
        if (value === undefined) return value;
        if (value instanceof Map && elementTypeOf(value) === 'interface {}') return value;
    }
    if (value === undefined) {
      this.fail(`invalid value; expected ${GO_TYPES[type]}`, node.offset, { expression: printOperand(node) });
    }
    const got = value === null ? 'interface {}' : typeName(value);
    this.fail(`wrong type for value; expected ${GO_TYPES[type]}; got ${got}`, node.offset, {
      expression: printOperand(node),
      hint: conversionHint(type, value),
    });
  }
}

const GO_TYPES: Record<ParameterType, string> = {
  any: 'interface {}',
  string: 'string',
  int: 'int',
  float64: 'float64',
  bool: 'bool',
  map: 'map[string]interface {}',
};

function conversionHint(type: ParameterType, value: MaybeValue): string | undefined {
  const isNumber = integerIn(value) !== undefined || floatIn(value) !== undefined;
  if (type === 'int' && isNumber) return 'Numbers from YAML are floats: convert with int';
  if (type === 'string' && (isNumber || typeof value === 'boolean')) return 'Convert with toString';
  return undefined;
}

const parameterAt = (found: TemplateFunction, index: number): ParameterType =>
  found.parameters[index] ?? found.rest ?? 'any';

function knownKeys(path: string, map: ValueMap): string {
  const keys = sortedKeys(map);
  if (keys.length === 0) return `${path} is empty.`;
  const shown = keys.slice(0, 8).join(', ');
  return `${path} has ${shown}${keys.length > 8 ? ', ...' : ''}.`;
}
