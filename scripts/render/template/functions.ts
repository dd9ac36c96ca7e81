import type { NumberStyle } from './format.ts';
import type { MaybeValue, ValueMap } from './values.ts';

/** Parameter types, named as in Go. `any` accepts everything, nil included. */
export interface ArgumentTypes {
  any: MaybeValue;
  string: string;
  int: bigint;
  float64: number;
  bool: boolean;
  /** Undefined is Go's nil map: it reads as empty. */
  map: ValueMap | undefined;
}
export type ParameterType = keyof ArgumentTypes;

/** The context of a function call. */
export interface CallContext {
  /** How floats are printed. */
  style: NumberStyle;
  /** The values the file was rendered with. */
  root: MaybeValue;
  /** The variables for env and expandenv. */
  environment: Readonly<Record<string, string | undefined>>;
}

export interface TemplateFunction {
  parameters: readonly ParameterType[];
  /** The type of any further arguments. */
  rest: ParameterType | undefined;
  run(args: readonly MaybeValue[], context: CallContext): MaybeValue;
}

export type FunctionTable = ReadonlyMap<string, TemplateFunction>;

type Arguments<P extends readonly ParameterType[]> = { [I in keyof P]: ArgumentTypes[P[I]] };

/** A function with a fixed number of arguments. The executor checks their types before `run` sees them. */
export function fn<const P extends readonly ParameterType[]>(
  parameters: P,
  run: (args: Arguments<P>, context: CallContext) => MaybeValue,
): TemplateFunction {
  return { parameters, rest: undefined, run: run };
}

/** A variadic function: any number of further arguments of one type. */
export function variadic<const P extends readonly ParameterType[], R extends ParameterType>(
  parameters: P,
  rest: R,
  run: (args: [...Arguments<P>, ...Array<ArgumentTypes[R]>], context: CallContext) => MaybeValue,
): TemplateFunction {
  return { parameters, rest, run: run };
}
