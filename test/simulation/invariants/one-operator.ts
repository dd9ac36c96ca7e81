/** Two operators never both write: between the first and the last write of one no other writes anything. */
import { resources } from '../../../scripts/shared/resources.ts';
import type { Write } from '../api/api-server.ts';
import type { Account } from '../traffic/account.ts';

/** Gives the listener of all writes. What the lock itself is made of is not counted. */
export function watchForOneOperator(
  account: Account,
  isOperator: (name: string) => boolean,
): (write: Write) => void {
  /** Operators that have written, the last one last. */
  const writers: string[] = [];
  return ({ by, verb, place }) => {
    if (!isOperator(by) || place.resource === resources.leases) return;
    const last = writers.at(-1);
    if (last === by) return;
    if (writers.includes(by))
      account.violate(
        `${by} (${verb} ${place.resource.kind} ${place.name}) writes although ${last ?? ''} has taken over`,
      );
    writers.push(by);
  };
}
