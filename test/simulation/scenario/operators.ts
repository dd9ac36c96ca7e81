/**
 * Who runs the switch when: one operator after another, now and then
 * two at once, each with a wish of its own.
 */
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';
import { planMishap } from '../actors/mishaps.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { CALM_NETWORK, createNetwork } from '../operator/network.ts';
import { startRun } from '../operator/run.ts';
import type { Pace, Run, Wish } from '../operator/run.ts';
import { atMoment } from '../operator/trigger.ts';
import type { Moment } from '../operator/trigger.ts';
import type { Prng } from '../time/prng.ts';
import type { World } from '../world/world.ts';
import { drawNetwork, drawPace } from './climate.ts';
import type { Ledger } from './ledger.ts';

export interface Operators {
  readonly runs: readonly Run[];
  /** From now on nothing befalls a run, and nobody begins one beside another. */
  calmDown(): void;
  isCalm(): boolean;
  launch(wish: Wish): Run;
  /** One more operator, who knows nothing of the others. */
  planRival(withinMs: number): void;
  /** Lets it happen at a moment in the next run that is launched. */
  inNextRun(moment: Moment, happen: () => void): void;
  drawWish(): Wish;
  /** The switch under way once more, with the flags it was begun with. */
  begun(): Wish | undefined;
  untilOver(run: Run): Promise<void>;
}

/** No run of the switch takes longer, in milliseconds: its steps have deadlines. */
const LONGEST_RUN_MS = 400_000;
/** In calm weather no step needs longer. */
const CALM_STEP_MS = 60_000;

/** Now and then somebody takes what is no version yet for one. */
function drawAdoption(actors: Prng, isUnderWay: boolean): Wish {
  if (actors.chance(0.1)) return actors.chance(0.5) ? { to: 'v2' } : { undo: true };
  return { adopt: true, to: 'v1', undo: actors.chance(isUnderWay ? 0.35 : 0.1) };
}

export function createOperators({
  world,
  prng,
  actors,
  mutant,
  ledger,
}: {
  world: World;
  prng: Prng;
  /** What is drawn for all of them together. */
  actors: Prng;
  mutant: Mutant;
  ledger: Ledger;
}): Operators {
  const { timeline, api } = world;
  const pace = drawPace(prng.fork('pace'));
  const calmPace: Pace = { ...pace, stepTimeoutMs: CALM_STEP_MS };
  const network = drawNetwork(prng.fork('network'));
  const runs: Run[] = [];
  /** By switch: how it was wished for by whoever began it. */
  const wishes = new Map<string, Wish>();
  const inNextRun: { moment: Moment; happen: () => void }[] = [];
  let isCalm = false;

  api.onWrite(({ by }) => {
    const { unfinished } = ledger;
    if (unfinished === undefined || wishes.has(unfinished.id)) return;
    const { to, adopts } = unfinished;
    const adopt = adopts !== undefined;
    wishes.set(unfinished.id, runs.find(({ name }) => name === by)?.wish ?? { to, adopt });
  });

  function launch(wish: Wish, isRival: boolean): Run {
    const name = `operator-${runs.length + 1}`;
    const own = prng.fork(name);
    const run = startRun(name, wish, {
      world,
      mutant,
      network: createNetwork(own.fork('network'), isCalm ? CALM_NETWORK : network),
      pace: isCalm ? calmPace : pace,
      prng: own.fork('ids'),
    });
    runs.push(run);
    for (const { moment, happen } of inNextRun.splice(0))
      atMoment(moment, { process: run.process, api }, happen);
    // Whoever sees that nothing moves takes over.
    const onFreeze = () => {
      if (!isRival) self.planRival(500);
    };
    const { leaseSeconds } = pace;
    if (!isCalm) planMishap(run, { world, prng: own.fork('mishap'), leaseSeconds, onFreeze });
    return run;
  }

  const self: Operators = {
    runs,
    calmDown() {
      isCalm = true;
    },
    isCalm: () => isCalm,
    launch: (wish) => launch(wish, false),
    planRival(withinMs) {
      timeline.after(actors.skewed(1, withinMs), () => {
        if (!isCalm) launch(self.drawWish(), true);
      });
    },
    inNextRun: (moment, happen) => void inNextRun.push({ moment, happen }),
    drawWish() {
      const { unfinished, rest } = ledger;
      if (rest.live === PLAIN) return drawAdoption(actors, unfinished !== undefined);
      const to = unfinished?.to ?? (rest.live === 'v1' ? 'v2' : actors.pick(['v1', 'v3']));
      if (actors.chance(unfinished ? 0.35 : 0.15)) return { undo: true };
      const canary = actors.chance(0.25) ? actors.pick([[10], [25, 50], [50]]) : undefined;
      return self.begun() ?? { to, canary, keepOld: actors.chance(0.2) };
    },
    begun: () => ledger.unfinished && wishes.get(ledger.unfinished.id),
    async untilOver(run) {
      const since = timeline.now();
      await timeline.run(() => run.isOver() || timeline.now() - since > LONGEST_RUN_MS);
      if (!run.isOver()) throw new Error(`${run.name} does not end`);
    },
  };
  return self;
}
