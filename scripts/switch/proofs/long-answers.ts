/**
 * Some proxies know thousands of services, and their dumps are tens of megabytes. Answers of a common size
 * are read side by side, long ones one after another, so that what is held at once stays bounded however many
 * proxies have them.
 */
import { CommandError } from '../../shared/errors.ts';
import { ANSWER_LIMIT_BYTES, TooLongError } from '../../shared/read-text.ts';

/** A longer answer is read and parsed alone, in bytes. */
export const LONG_BYTES = 4 * 1024 * 1024;

/** How much of an answer is read, and how many times the usual time it may take. */
export interface Reading {
  limitBytes: number;
  times: number;
}

export interface LongAnswers {
  /**
   * What `read` makes of the answer. Read anew, and alone, when it shows that it is long, and at once so the
   * next time it is asked for. Throws a CommandError where it is longer than 64 MB.
   */
  read<T>(who: string, what: string, read: (reading: Reading) => Promise<T>): Promise<T>;
  forgetAllBut(present: ReadonlySet<string>): void;
}

export function createLongAnswers(): LongAnswers {
  /** By who gave them. */
  const known = new Map<string, Set<string>>();
  let last: Promise<unknown> = Promise.resolve();

  async function alone<T>(read: () => Promise<T>): Promise<T> {
    const mine = last.then(read);
    last = mine.catch(() => undefined);
    return mine;
  }

  return {
    async read(who, what, read) {
      if (known.get(who)?.has(what) !== true) {
        try {
          return await read({ limitBytes: LONG_BYTES, times: 1 });
        } catch (error) {
          if (!(error instanceof TooLongError)) throw error;
          known.set(who, (known.get(who) ?? new Set()).add(what));
        }
      }
      try {
        // A proxy that has much to tell takes seconds to write it down.
        return await alone(() => read({ limitBytes: ANSWER_LIMIT_BYTES, times: 4 }));
      } catch (error) {
        if (!(error instanceof TooLongError)) throw error;
        throw new CommandError(
          `${error.message} A Sidecar resource that names only what the workload calls makes its proxy's answers short`,
          { cause: error },
        );
      }
    },
    forgetAllBut(present) {
      for (const who of known.keys()) if (!present.has(who)) known.delete(who);
    },
  };
}
