import { DEFAULT_LIMITS, execute, type Limits } from './executor.ts';
import type { NumberStyle } from './format.ts';
import type { FunctionTable } from './functions.ts';
import { Meter } from './meter.ts';
import type { Template } from './nodes.ts';
import { parseTemplate } from './parser.ts';
import { Source } from './source.ts';
import type { Value } from './values.ts';

export interface EngineOptions {
  functions: FunctionTable;
  /** Why a function is left out, for the error. */
  absence?: ((name: string) => string | undefined) | undefined;
  numbers?: NumberStyle | undefined;
  limits?: Partial<Limits> | undefined;
  /** Shared by the templates that insert each other; a new one by default. */
  meter?: Meter | undefined;
  /** The variables for env and expandenv; none by default. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
  explainMissing?: ((path: string) => string | undefined) | undefined;
}

/** Parses text as a template with the given functions. */
export function parse(source: Source, options: Pick<EngineOptions, 'functions' | 'absence'>): Template {
  const { functions, absence } = options;
  return parseTemplate(source, {
    has: (name) => functions.has(name),
    names: () => functions.keys(),
    ...(absence === undefined ? {} : { absence }),
  });
}

/** Renders text with values that are already converted. */
export function renderText(text: string, root: Value, fileName: string, options: EngineOptions): string {
  if (!text.includes('{{')) return text;
  const source = new Source(fileName, text);
  const template = parse(source, options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  return execute({
    source,
    template,
    root,
    functions: options.functions,
    style: options.numbers ?? 'plain',
    limits,
    meter: options.meter ?? new Meter(limits),
    environment: options.environment ?? {},
    explainMissing: options.explainMissing,
  });
}
