/**
 * Bounds the memory for the proxies' answers. A proxy that knows thousands of services gives dumps of tens of
 * megabytes. Answers of a common size are read in parallel, long ones one after another.
 */
import { CommandError } from '../../shared/errors.ts';
import { ANSWER_LIMIT_BYTES, TooLongError } from '../../shared/read-text.ts';

/** The size in bytes above which an answer is read and parsed alone. */
export const LONG_BYTES = 4 * 1024 * 1024;

/** The limit of an answer's size, and its timeout as a multiple of the usual one. */
export interface Reading {
  limitBytes: number;
  times: number;
}

export interface LongAnswers {
  /**
   * Returns what `read` returns. An answer that turns out to be long is read again, alone; from then on it is
   * read alone at once. Throws a CommandError when it is longer than 64 MB.
   */
  read<T>(who: string, what: string, read: (reading: Reading) => Promise<T>): Promise<T>;
  forgetAllBut(present: ReadonlySet<string>): void;
}

export function createLongAnswers(): LongAnswers {
  /** The long answers by the proxy that gave them. */
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
        // A proxy takes seconds to serialise a long answer.
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
