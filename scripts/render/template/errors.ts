import { characters } from './characters.ts';
/** A position in a template; lines and columns count from 1, columns in characters. */
export interface Position {
  line: number;
  column: number;
}

/** The phase that failed. */
export type ErrorClass =
  | 'syntax'
  | 'missing-key'
  | 'bad-field'
  | 'bad-call'
  | 'bad-comparison'
  | 'bad-range'
  | 'function-error'
  | 'fail-call'
  | 'undefined-variable'
  | 'unknown-template'
  | 'unknown-function'
  | 'too-deep';

export interface RenderErrorDetails {
  file: string;
  line: number;
  column: number;
  /** The fact, in the words of Go's text/template where it has the same error. */
  fact: string;
  errorClass: ErrorClass;
  phase: 'parse' | 'exec';
  /** The failing expression as the template writes it, when there is one. */
  expression?: string | undefined;
  /** The way out: a name that was probably meant, a function that helps. */
  hint?: string | undefined;
  /** The template's source line at `line`. */
  sourceLine?: string | undefined;
}

/** The one error that rendering throws. `message` is a single line that starts with file:line:column. */
export class RenderError extends Error {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly fact: string;
  readonly errorClass: ErrorClass;
  readonly phase: 'parse' | 'exec';
  readonly expression: string | undefined;
  readonly hint: string | undefined;
  readonly sourceLine: string | undefined;

  constructor(details: RenderErrorDetails, options?: ErrorOptions) {
    const at = details.expression === undefined ? '' : ` at <${details.expression}>`;
    const hint = details.hint === undefined ? '' : `. ${details.hint}`;
    super(`${details.file}:${details.line}:${details.column}: ${details.fact}${at}${hint}`, options);
    this.name = 'RenderError';
    this.file = details.file;
    this.line = details.line;
    this.column = details.column;
    this.fact = details.fact;
    this.errorClass = details.errorClass;
    this.phase = details.phase;
    this.expression = details.expression;
    this.hint = details.hint;
    this.sourceLine = details.sourceLine;
  }

  /** The source line with a caret under the position, or '' without a source. */
  frame(): string {
    if (this.sourceLine === undefined) return '';
    const number = String(this.line);
    const shown = characters(this.sourceLine);
    // A generated one-line file can be megabytes long: show only the text around the position.
    const from = this.column > 100 ? this.column - 60 : 0;
    const text = shown.slice(from, from + 160);
    const padding = text.slice(0, this.column - 1 - from).map((char) => (char === '\t' ? '\t' : ' '));
    return `  ${number} | ${text.join('')}\n  ${' '.repeat(number.length)} | ${padding.join('')}^`;
  }
}

/** Thrown by template functions; the executor adds the position. */
export class FunctionError extends Error {
  readonly errorClass: ErrorClass;
  readonly hint: string | undefined;

  constructor(message: string, errorClass: ErrorClass = 'function-error', hint?: string) {
    super(message);
    this.name = 'FunctionError';
    this.errorClass = errorClass;
    this.hint = hint;
  }
}
