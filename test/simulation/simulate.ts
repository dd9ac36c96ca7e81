/** One seed: a world, the switch in it, everything that befalls them, and what must hold. */
import { messageOf } from '../../scripts/shared/errors.ts';
import { UNCHANGED } from './mutants/mutant.ts';
import type { Mutant } from './mutants/mutant.ts';
import { drawBeginning, drawClimate } from './scenario/climate.ts';
import { createPlay } from './scenario/play.ts';
import { createStory } from './story.ts';
import { createPrng } from './time/prng.ts';
import { guardRealTime } from './time/real-time-guard.ts';
import { createTimeline } from './time/timeline.ts';
import { createWorld } from './world/world.ts';

export interface Report {
  seed: number;
  violations: readonly string[];
  /** How each run ended. */
  ends: string[];
  requests: number;
  /** Virtual time, in milliseconds. */
  lastedMs: number;
  story: readonly string[];
}

/** How many worlds are switched once more. */
const AGAIN = 0.2;
/** And in how many an owner then applies the old files during one more. */
const OWNER = 0.1;

/** Replays what `seed` draws; the same seed gives the same report. */
export async function simulate(
  seed: number,
  { mutant = UNCHANGED, isTold = false }: { mutant?: Mutant; isTold?: boolean } = {},
): Promise<Report> {
  const guard = guardRealTime();
  try {
    const prng = createPrng(seed);
    const timeline = createTimeline();
    const story = createStory(timeline, isTold);
    const beginning = drawBeginning(prng.fork('beginning'));
    const climate = drawClimate(prng.fork('climate'), beginning);
    // From some time on every new pod is as sound as those that served first.
    let isMended = false;
    const planOf: typeof climate.planOf = (version, own) =>
      climate.planOf(isMended ? beginning.first : version, own);
    const world = createWorld(timeline, story, { ...climate, planOf }, prng.fork('world'));
    const play = createPlay({ world, climate, prng, mutant });
    try {
      await play.begin();
      await play.rough();
      isMended = true;
      await play.calm();
      await play.adopt();
      if (prng.fork('again').chance(AGAIN)) await play.again();
      if (prng.fork('an owner').chance(OWNER)) await play.owner();
    } catch (error) {
      world.account.violate(`the simulation broke off: ${messageOf(error)}`);
    }
    for (const use of guard.uses) world.account.violate(`the switch asked the machine: ${use}`);
    const { violations, sent: requests } = world.account;
    return { seed, violations, ends: play.ends(), requests, lastedMs: timeline.now(), story: story.lines };
  } finally {
    guard.lift();
  }
}
