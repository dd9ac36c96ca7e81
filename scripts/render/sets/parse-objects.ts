import { LineCounter, parseAllDocuments } from 'yaml';
import { findAliasProblem, findDeepNesting } from '../../shared/yaml-shape.ts';
import { InputError } from './input-error.ts';
import type { RenderedFile } from './render-sets.ts';

/** A Kubernetes object as YAML or JSON spells it. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** The objects in rendered text: every document of every file, lists unfolded, empty documents left out. */
export function parseObjects(rendered: readonly RenderedFile[]): KubernetesObject[] {
  return rendered.flatMap(({ file, text }) =>
    documentsOf(file, text).flatMap((data) => objectsOf(file, data)),
  );
}

function documentsOf(file: string, text: string): unknown[] {
  const lines = new LineCounter();
  const refuse = (line: number, message: string): never => {
    throw new InputError(`${file}: line ${line} of the rendered text: ${message}.`, 2);
  };
  const withoutMark = text.replace(/^\ufeff/, '');
  const nesting = findDeepNesting(withoutMark);
  if (nesting !== undefined) refuse(withoutMark.slice(0, nesting.offset).split('\n').length, nesting.message);
  const documents = parseAllDocuments(withoutMark, {
    lineCounter: lines,
    prettyErrors: false,
  });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) refuse(lines.linePos(problem.pos[0]).line, problem.message);
    const aliases = findAliasProblem(document);
    if (aliases !== undefined) refuse(lines.linePos(aliases.offset).line, aliases.message);
    return document.toJS({ maxAliasCount: -1 }) as unknown;
  });
}

function objectsOf(file: string, data: unknown): KubernetesObject[] {
  if (data === null || data === undefined) return [];
  const object = data as Partial<KubernetesObject> & { items?: unknown };
  if (typeof data !== 'object' || typeof object.apiVersion !== 'string' || typeof object.kind !== 'string') {
    throw new InputError(
      `${file}: a rendered document is no Kubernetes object (it needs apiVersion and kind).`,
      2,
    );
  }
  if (object.kind === 'List' && Array.isArray(object.items)) {
    return object.items.flatMap((item) => objectsOf(file, item));
  }
  if (typeof object.metadata?.name !== 'string') {
    throw new InputError(`${file}: a rendered ${object.kind} has no metadata.name.`, 2);
  }
  return [object as KubernetesObject];
}
