import type { NumberLiteral } from './literals.ts';

/** The syntax tree. `offset` is where a node begins in the source, for error messages. */
export interface PipeNode {
  kind: 'pipe';
  offset: number;
  /** `$a` or, in range, `$i, $a`. */
  declared: string[];
  assigns: boolean;
  commands: CommandNode[];
}

export interface CommandNode {
  kind: 'command';
  offset: number;
  args: OperandNode[];
}

export type OperandNode =
  | { kind: 'field'; offset: number; names: string[] }
  | { kind: 'variable'; offset: number; name: string; names: string[] }
  | { kind: 'chain'; offset: number; operand: OperandNode; names: string[] }
  | { kind: 'identifier'; offset: number; name: string }
  | { kind: 'dot'; offset: number }
  | { kind: 'nil'; offset: number }
  | { kind: 'bool'; offset: number; value: boolean }
  | { kind: 'number'; offset: number; text: string; literal: NumberLiteral }
  | { kind: 'string'; offset: number; text: string; value: string }
  | PipeNode;

export type Operand<K extends OperandNode['kind']> = Extract<OperandNode, { kind: K }>;

export type Node =
  | { kind: 'text'; offset: number; text: string }
  | { kind: 'action'; offset: number; pipe: PipeNode }
  | BranchNode
  | { kind: 'template'; offset: number; name: string; pipe: PipeNode | undefined }
  | { kind: 'break'; offset: number }
  | { kind: 'continue'; offset: number };

export interface BranchNode {
  kind: 'if' | 'with' | 'range';
  offset: number;
  pipe: PipeNode;
  body: Node[];
  otherwise: Node[] | undefined;
}

/** A parsed file: its own text and the templates it defines. */
export interface Template {
  /**
   * The file's base name: under it the file itself can be called, unless it defines a template of that name.
   */
  name: string;
  body: Node[];
  defined: Map<string, Node[]>;
}
