import type { CommandNode, Node, OperandNode, PipeNode, Template } from './nodes.ts';
import { quote } from './quoting.ts';

const dotted = (names: readonly string[]): string => names.map((name) => `.${name}`).join('');

/** Writes an operand back as template text: the expression in error messages. */
export function printOperand(node: OperandNode): string {
  switch (node.kind) {
    case 'field':
      return dotted(node.names);
    case 'variable':
      return node.name + dotted(node.names);
    case 'chain':
      return (
        (node.operand.kind === 'pipe' ? printOperand(node.operand) : `(${printOperand(node.operand)})`) +
        dotted(node.names)
      );
    case 'identifier':
      return node.name;
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
    case 'string':
      return node.text;
    case 'pipe':
      return `(${printPipe(node)})`;
  }
}

export function printCommand(node: CommandNode): string {
  return node.args.map(printOperand).join(' ');
}

export function printPipe(node: PipeNode): string {
  const declared =
    node.declared.length === 0 ? '' : `${node.declared.join(', ')} ${node.assigns ? '=' : ':='} `;
  return declared + node.commands.map(printCommand).join(' | ');
}

/**
 * Joins pieces of template text. A "{" before "{{" would open the action early; a trim marker separates them.
 */
function join(...pieces: readonly string[]): string {
  return pieces.reduce(
    (out, piece) => out + (out.endsWith('{') && piece.startsWith('{{') ? ` {{- ${piece.slice(2)}` : piece),
    '',
  );
}

export function printNodes(nodes: readonly Node[]): string {
  const pieces = nodes.map((node, index) => {
    // Two texts in a row stood on both sides of a comment.
    const afterText = index > 0 && nodes[index - 1]?.kind === 'text';
    return afterText && node.kind === 'text' ? `{{/**/}}${node.text}` : printNode(node);
  });
  return join(...pieces);
}

function printNode(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'action':
      return `{{${printPipe(node.pipe)}}}`;
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${printPipe(node.pipe)}`}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    default: {
      const otherwise = node.otherwise === undefined ? [] : ['{{else}}', printNodes(node.otherwise)];
      return join(`{{${node.kind} ${printPipe(node.pipe)}}}`, printNodes(node.body), ...otherwise, '{{end}}');
    }
  }
}

/** Writes a whole parsed file back as template text: parsing it again gives the same tree. */
export function printTemplate(template: Template): string {
  const definitions = [...template.defined].map(([name, body]) =>
    join(`{{define ${quote(name)}}}`, printNodes(body), '{{end}}'),
  );
  return join(...definitions, printNodes(template.body));
}
