import type { Watch } from './watch.ts';

/**
 * Takes the first watch that works, and stays with it: an app that could drain
 * itself a minute ago has not forgotten how, it hangs. The last candidate must
 * be able to tell that nothing listens. `onChoice` hears of the choice once.
 */
export function createAutoWatch(
  candidates: readonly [Watch, ...Watch[]],
  onChoice: (watch: Watch) => void,
): Watch {
  const choice: { watch?: Watch } = {};
  const choose = async (): Promise<Watch | undefined> => {
    if (choice.watch) return choice.watch;
    for (const candidate of candidates) {
      if (!(await candidate.works())) continue;
      choice.watch = candidate;
      onChoice(candidate);
      return candidate;
    }
    return undefined;
  };
  // One search at a time: readiness and the hook may both be the first to ask.
  let search: Promise<Watch | undefined> | undefined;
  const chosen = (): Promise<Watch | undefined> =>
    (search ??= choose().finally(() => {
      search = undefined;
    }));

  return {
    get name() {
      return choice.watch?.name ?? 'none';
    },
    async beginDrain() {
      const watch = await chosen();
      return watch === undefined ? false : watch.beginDrain();
    },
    async look() {
      const watch = (await chosen()) ?? candidates.at(-1) ?? candidates[0];
      return watch.look();
    },
    account: () => choice.watch?.account() ?? {},
    works: async () => (await chosen()) !== undefined,
  };
}
