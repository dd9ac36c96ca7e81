import { CommandError } from '../shared/errors.ts';

/** Ends the run before anything was touched. */
export function refuse(fact: string): never {
  throw new CommandError(`${fact}. Nothing was changed.`);
}
