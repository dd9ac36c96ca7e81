import { CommandError } from '../shared/errors.ts';

/** Ends the run before the first write. */
export function refuse(fact: string): never {
  throw new CommandError(`${fact}. Nothing was changed.`);
}
