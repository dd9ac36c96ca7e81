import { RenderError, type ErrorClass } from './errors.ts';
import { tokenize, type Token, type TokenKind } from './lexer.ts';
import { LiteralError, readCharConstant, readNumber, unquote, type NumberLiteral } from './literals.ts';
import { didYouMean } from './did-you-mean.ts';
import type { BranchNode, CommandNode, Node, Operand, OperandNode, PipeNode, Template } from './nodes.ts';
import { printOperand } from './printer.ts';
import { quote } from './quoting.ts';
import type { Source } from './source.ts';

/** The functions as the parser needs them: their names, and a hint for an unknown name. */
export interface FunctionNames {
  has(name: string): boolean;
  names(): Iterable<string>;
  /** Why a known function is left out. */
  absence?(name: string): string | undefined;
}

// Deeper nesting than in any real template; the limit prevents a stack overflow.
const MAX_DEPTH = 400;

/** What ended a list of nodes. An open else is `{{else if` or `{{else with`: its action goes on. */
type Closing = { kind: 'end'; offset: number } | { kind: 'else'; offset: number; open: boolean };

/** Parses a template. Throws RenderError with phase 'parse'. */
export function parseTemplate(source: Source, functions: FunctionNames): Template {
  return new Parser(source, functions).template();
}

class Parser {
  private readonly source: Source;
  private readonly functions: FunctionNames;
  private readonly tokens: Token[];
  private readonly defined = new Map<string, Node[]>();
  private next = 0;
  private variables = ['$'];
  private rangeDepth = 0;
  private depth = 0;

  constructor(source: Source, functions: FunctionNames) {
    this.source = source;
    this.functions = functions;
    this.tokens = tokenize(source);
  }

  template(): Template {
    const body: Node[] = [];
    while (this.peek().kind !== 'eof') {
      if (this.takeDefine()) continue;
      const node = this.textOrAction();
      if (node.kind === 'end' || node.kind === 'else') {
        this.fail(`unexpected {{${node.kind}}}`, node.offset);
      }
      body.push(node);
    }
    const name = this.source.name.slice(this.source.name.lastIndexOf('/') + 1);
    return { name, body, defined: this.defined };
  }

  // Reading tokens

  private peek(): Token {
    return this.tokens[Math.min(this.next, this.tokens.length - 1)] as Token;
  }

  private take(): Token {
    const token = this.peek();
    if (this.next < this.tokens.length - 1) this.next++;
    return token;
  }

  private skipSpace(): void {
    while (this.peek().kind === 'space') this.next++;
  }

  private peekWord(): Token {
    this.skipSpace();
    return this.peek();
  }

  private takeWord(): Token {
    this.skipSpace();
    return this.take();
  }

  private expect(kind: TokenKind, context: string): Token {
    const token = this.takeWord();
    if (token.kind !== kind) this.unexpected(token, context);
    return token;
  }

  private isKeyword(token: Token, word: string): boolean {
    return token.kind === 'keyword' && token.text === word;
  }

  private fail(fact: string, offset: number, errorClass: ErrorClass = 'syntax', hint?: string): never {
    const position = this.source.positionOf(offset);
    throw new RenderError({
      file: this.source.name,
      ...position,
      fact,
      errorClass,
      phase: 'parse',
      hint,
      sourceLine: this.source.lineText(position.line),
    });
  }

  private unexpected(token: Token, context: string): never {
    if (token.kind === 'error') this.fail(token.text, token.offset);
    const shown =
      token.kind === 'eof'
        ? 'EOF'
        : token.kind === 'keyword'
          ? `<${token.text}>`
          : quote(token.text.length > 10 ? token.text.slice(0, 10) : token.text) +
            (token.text.length > 10 ? '...' : '');
    this.fail(`unexpected ${shown} in ${context}`, token.offset);
  }

  /** Parses a nested construct; refuses nesting beyond the limit. */
  private nested<T>(offset: number, parse: () => T): T {
    if (++this.depth > MAX_DEPTH) this.fail(`nested more than ${MAX_DEPTH} levels deep`, offset, 'too-deep');
    const result = parse();
    this.depth--;
    return result;
  }

  private literal<T>(token: Token, read: (text: string) => T): T {
    try {
      return read(token.text);
    } catch (error) {
      if (error instanceof LiteralError) this.fail(error.message, token.offset);
      throw error;
    }
  }

  // Files, text and actions

  /** `{{define "name"}}...{{end}}`, only at the top level of a file. */
  private takeDefine(): boolean {
    if (this.peek().kind !== 'leftDelim') return false;
    const start = this.next;
    this.take();
    const word = this.takeWord();
    if (!this.isKeyword(word, 'define')) {
      this.next = start;
      return false;
    }
    const name = this.templateName('define clause');
    this.expect('rightDelim', 'define clause');
    this.definition(name, word.offset, 'define clause');
    return true;
  }

  private templateName(context: string): string {
    const token = this.takeWord();
    if (token.kind !== 'string' && token.kind !== 'rawString') this.unexpected(token, context);
    return this.literal(token, unquote);
  }

  /**
   * Parses a body with variables of its own and stores it under its
   * name. An empty one never replaces another.
   */
  private definition(name: string, offset: number, context: string): void {
    const outer = { variables: this.variables, rangeDepth: this.rangeDepth };
    this.variables = ['$'];
    this.rangeDepth = 0;
    const { nodes, closing } = this.nested(offset, () => this.nodeList());
    if (closing.kind !== 'end') this.fail(`unexpected {{else}} in ${context}`, closing.offset);
    this.variables = outer.variables;
    this.rangeDepth = outer.rangeDepth;
    const known = this.defined.get(name);
    if (known === undefined || isEmpty(known)) this.defined.set(name, nodes);
    else if (!isEmpty(nodes)) {
      this.fail(`template: multiple definition of template ${quote(name)}`, closing.offset);
    }
  }

  private nodeList(): { nodes: Node[]; closing: Closing } {
    const nodes: Node[] = [];
    while (this.peek().kind !== 'eof') {
      const node = this.textOrAction();
      if (node.kind === 'end' || node.kind === 'else') return { nodes, closing: node };
      nodes.push(node);
    }
    this.fail('unexpected EOF', this.peek().offset);
  }

  private textOrAction(): Node | Closing {
    const token = this.take();
    if (token.kind === 'text') return { kind: 'text', offset: token.offset, text: token.text };
    if (token.kind === 'leftDelim') return this.action();
    this.unexpected(token, 'input');
  }

  private action(): Node | Closing {
    const token = this.peekWord();
    if (token.kind === 'keyword' && token.text !== 'define') {
      this.take();
      return this.keyword(token);
    }
    const pipe = this.pipeline('command', 'rightDelim');
    return { kind: 'action', offset: token.offset, pipe };
  }

  private keyword(token: Token): Node | Closing {
    const { offset, text } = token;
    switch (text) {
      case 'if':
      case 'with':
      case 'range':
        return this.nested(offset, () => this.branch(text, offset));
      case 'end':
        this.expect('rightDelim', 'end');
        return { kind: 'end', offset };
      case 'else':
        return this.elseOf(offset);
      case 'template': {
        const name = this.templateName('template clause');
        if (this.peekWord().kind === 'rightDelim') {
          this.take();
          return { kind: 'template', offset, name, pipe: undefined };
        }
        return { kind: 'template', offset, name, pipe: this.pipeline('template clause', 'rightDelim') };
      }
      case 'block': {
        const name = this.templateName('block clause');
        const pipe = this.pipeline('block clause', 'rightDelim');
        this.definition(name, offset, 'block clause');
        return { kind: 'template', offset, name, pipe };
      }
      default:
        return this.loopJump(text === 'break' ? 'break' : 'continue', offset);
    }
  }

  private elseOf(offset: number): Closing {
    const token = this.peekWord();
    const open = this.isKeyword(token, 'if') || this.isKeyword(token, 'with');
    if (!open) this.expect('rightDelim', 'else');
    return { kind: 'else', offset, open };
  }

  private loopJump(kind: 'break' | 'continue', offset: number): Node {
    const token = this.takeWord();
    if (token.kind !== 'rightDelim') this.unexpected(token, `{{${kind}}}`);
    if (this.rangeDepth === 0) this.fail(`{{${kind}}} outside {{range}}`, offset);
    return { kind, offset };
  }

  private branch(kind: BranchNode['kind'], offset: number): BranchNode {
    const outerVariables = this.variables.length;
    const pipe = this.pipeline(kind, 'rightDelim');
    if (kind === 'range') this.rangeDepth++;
    const { nodes: body, closing } = this.nodeList();
    if (kind === 'range') this.rangeDepth--;
    const otherwise = closing.kind === 'else' ? this.otherwise(kind, closing.open) : undefined;
    this.variables.length = outerVariables;
    return { kind, offset, pipe, body, otherwise };
  }

  private otherwise(kind: BranchNode['kind'], open: boolean): Node[] {
    if (open) {
      const token = this.takeWord();
      if (kind === 'range' || token.text !== kind) this.unexpected(token, 'input');
      // One {{end}} closes the whole chain.
      return [this.nested(token.offset, () => this.branch(kind, token.offset))];
    }
    const { nodes, closing } = this.nodeList();
    if (closing.kind !== 'end') this.fail('expected end; found {{else}}', closing.offset);
    return nodes;
  }

  // Pipelines

  private pipeline(context: string, end: 'rightDelim' | 'rightParen'): PipeNode {
    const pipe: PipeNode = {
      kind: 'pipe',
      offset: this.peekWord().offset,
      declared: [],
      assigns: false,
      commands: [],
    };
    this.declarations(pipe, context);
    for (;;) {
      const token = this.takeWord();
      if (token.kind === end) {
        this.checkPipeline(pipe, context, token.offset);
        return pipe;
      }
      if (!STARTS_OPERAND.has(token.kind)) this.unexpected(token, context);
      this.next--;
      pipe.commands.push(this.command());
    }
  }

  private declarations(pipe: PipeNode, context: string): void {
    for (;;) {
      const variable = this.peekWord();
      if (variable.kind !== 'variable') return;
      const start = this.next;
      this.take();
      const after = this.takeWord();
      if (after.kind === 'assign' || after.kind === 'declare') {
        pipe.assigns = after.kind === 'assign';
        pipe.declared.push(variable.text);
        this.variables.push(variable.text);
        return;
      }
      if (after.kind !== 'char' || after.text !== ',') {
        this.next = start;
        return;
      }
      pipe.declared.push(variable.text);
      this.variables.push(variable.text);
      if (context !== 'range' || pipe.declared.length > 1) {
        this.fail(`too many declarations in ${context}`, variable.offset);
      }
      const following = this.peekWord();
      if (!['variable', 'rightDelim', 'rightParen'].includes(following.kind)) {
        this.fail('range can only initialize variables', following.offset);
      }
    }
  }

  private checkPipeline(pipe: PipeNode, context: string, end: number): void {
    if (pipe.commands.length === 0) this.fail(`missing value for ${context}`, end);
    pipe.commands.forEach((command, index) => {
      const first = command.args[0];
      if (index > 0 && first !== undefined && NOT_EXECUTABLE.has(first.kind)) {
        this.fail(`non executable command in pipeline stage ${index + 1}`, command.offset);
      }
    });
  }

  private command(): CommandNode {
    const offset = this.peekWord().offset;
    const args: OperandNode[] = [];
    for (;;) {
      this.skipSpace();
      const operand = this.operand();
      if (operand !== undefined) args.push(operand);
      const token = this.take();
      if (token.kind === 'space') continue;
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.next--;
      else if (token.kind !== 'pipe') this.unexpected(token, 'operand');
      if (args.length === 0) this.fail('empty command', offset);
      return { kind: 'command', offset, args };
    }
  }

  private operand(): OperandNode | undefined {
    const term = this.term();
    if (term === undefined || this.peek().kind !== 'field') return term;
    const names: string[] = [];
    while (this.peek().kind === 'field') names.push(this.take().text.slice(1));
    switch (term.kind) {
      case 'field':
      case 'variable':
        return { ...term, names: [...term.names, ...names] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.fail(`unexpected . after term ${quote(printOperand(term))}`, term.offset);
      default:
        return { kind: 'chain', offset: term.offset, operand: term, names };
    }
  }

  private term(): OperandNode | undefined {
    const token = this.peekWord();
    const { offset, text } = token;
    switch (token.kind) {
      case 'identifier':
        this.checkFunction(token);
        this.take();
        return { kind: 'identifier', offset, name: text };
      case 'dot':
      case 'nil':
        this.take();
        return { kind: token.kind, offset };
      case 'variable':
        this.take();
        return this.variable(token);
      case 'field':
        this.take();
        return { kind: 'field', offset, names: [text.slice(1)] };
      case 'bool':
        this.take();
        return { kind: 'bool', offset, value: text === 'true' };
      case 'charConstant': {
        this.take();
        const code = this.literal(token, readCharConstant);
        const literal: NumberLiteral = { value: code, integer: code, float: Number(code) };
        return { kind: 'number', offset, text, literal };
      }
      case 'number':
      case 'complex':
        this.take();
        return { kind: 'number', offset, text, literal: this.literal(token, readNumber) };
      case 'string':
      case 'rawString':
        this.take();
        return { kind: 'string', offset, text, value: this.literal(token, unquote) };
      case 'leftParen':
        this.take();
        return this.nested(offset, () => this.pipeline('parenthesized pipeline', 'rightParen'));
      default:
        return undefined;
    }
  }

  private variable(token: Token): Operand<'variable'> {
    if (!this.variables.includes(token.text)) {
      this.fail(
        `undefined variable ${quote(token.text)}`,
        token.offset,
        'undefined-variable',
        didYouMean(token.text, this.variables),
      );
    }
    return { kind: 'variable', offset: token.offset, name: token.text, names: [] };
  }

  private checkFunction(token: Token): void {
    if (this.functions.has(token.text)) return;
    this.fail(
      `function ${quote(token.text)} not defined`,
      token.offset,
      'unknown-function',
      this.functions.absence?.(token.text) ?? didYouMean(token.text, this.functions.names()),
    );
  }
}

const STARTS_OPERAND = new Set<TokenKind>([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);
const NOT_EXECUTABLE = new Set<OperandNode['kind']>(['bool', 'dot', 'nil', 'number', 'string']);

const isEmpty = (nodes: readonly Node[]): boolean =>
  nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
