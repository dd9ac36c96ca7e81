/** One seed: a world, the switch in it, everything that befalls them, and what must hold in the end. */
import { messageOf } from '../../scripts/shared/errors.ts';
import { LONGEST_DISTURBANCE_MS, planDisturbances } from './actors/disturbances.ts';
import { editSomething, withdrawEdits } from './actors/edits.ts';
import { planMishap } from './actors/mishaps.ts';
import { leftBehind } from './invariants/end-state.ts';
import { watchReach } from './invariants/out-of-reach.ts';
import { watchForOneOperator } from './invariants/one-operator.ts';
import { UNCHANGED } from './mutants/mutant.ts';
import type { Mutant } from './mutants/mutant.ts';
import { CALM_NETWORK, createNetwork } from './operator/network.ts';
import { startRun } from './operator/run.ts';
import type { Pace, Run, Wish } from './operator/run.ts';
import { atMoment, drawMoment } from './operator/trigger.ts';
import type { Moment } from './operator/trigger.ts';
import { drawCaller, drawClimate, drawNetwork, drawPace } from './scenario/climate.ts';
import { createLedger } from './scenario/ledger.ts';
import type { Ledger } from './scenario/ledger.ts';
import { createStory } from './story.ts';
import { createPrng } from './time/prng.ts';
import type { Prng } from './time/prng.ts';
import { guardRealTime } from './time/real-time-guard.ts';
import { createTimeline } from './time/timeline.ts';
import { createWorld } from './world/world.ts';
import type { Climate, World } from './world/world.ts';

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

/** No run of the switch takes longer, in milliseconds: its steps have deadlines. */
const LONGEST_RUN_MS = 400_000;
/** Until the first version serves, in milliseconds. */
const FIRST_MS = 1000;
/** Until pods that were told to have ended, and their ends have reached everybody. */
const SETTLED_MS = 1500;
/** In calm weather no step needs longer. */
const CALM_STEP_MS = 60_000;
const MOST_CALM_RUNS = 5;
/** How many worlds are switched once more. */
const AGAIN = 0.2;

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
    const climate = drawClimate(prng.fork('climate'));
    const isMended = { value: false };
    const world = createWorld(timeline, story, mendable(climate, isMended), prng.fork('world'));
    const play = createPlay({ world, climate, prng, mutant });
    try {
      await play.begin();
      await play.rough();
      isMended.value = true;
      await play.calm();
      if (prng.fork('again').chance(AGAIN)) await play.again();
    } catch (error) {
      world.account.violate(`the simulation broke off: ${messageOf(error)}`);
    }
    for (const use of guard.uses) world.account.violate(`the switch asked the machine: ${use}`);
    const { violations, sent } = world.account;
    return {
      seed,
      violations,
      ends: play.ends(),
      requests: sent,
      lastedMs: timeline.now(),
      story: story.lines,
    };
  } finally {
    guard.lift();
  }
}

/** The same climate, in which from some time on every new pod is sound. */
function mendable(climate: Climate, isMended: { value: boolean }): Climate {
  return {
    ...climate,
    planOf: (version, prng) => climate.planOf(isMended.value ? 'v1' : version, prng),
  };
}

function createPlay({
  world,
  climate,
  prng,
  mutant,
}: {
  world: World;
  climate: Climate;
  prng: Prng;
  mutant: Mutant;
}) {
  const { timeline, account, store, api } = world;
  const pace = drawPace(prng.fork('pace'));
  const network = drawNetwork(prng.fork('network'));
  const ledger: Ledger = createLedger('v1');
  const runs: Run[] = [];
  const actors = prng.fork('actors');
  const names = new Set<string>();
  /** By switch: how it was wished for by whoever began it. */
  const wishes = new Map<string, Wish>();
  api.onWrite((write) => {
    ledger.hear(write);
    const { unfinished } = ledger;
    if (unfinished === undefined || wishes.has(unfinished.id)) return;
    wishes.set(unfinished.id, runs.find(({ name }) => name === write.by)?.wish ?? { to: unfinished.to });
  });
  api.onWrite(watchReach(account, world.mesh));
  api.onWrite(watchForOneOperator(account, (name) => names.has(name)));

  let isCalm = false;
  const latecomers: { moment: Moment; happen: () => void }[] = [];

  async function pass(ms: number): Promise<void> {
    let isOver = false;
    timeline.after(ms, () => (isOver = true));
    await timeline.run(() => isOver);
  }

  function launch(wish: Wish, { isRival = false } = {}): Run {
    const name = `operator-${runs.length + 1}`;
    names.add(name);
    const own = prng.fork(name);
    const calmPace: Pace = { ...pace, stepTimeoutMs: CALM_STEP_MS };
    const run = startRun(name, wish, {
      world,
      mutant,
      network: createNetwork(own.fork('network'), isCalm ? CALM_NETWORK : network),
      pace: isCalm ? calmPace : pace,
      prng: own.fork('ids'),
    });
    runs.push(run);
    for (const { moment, happen } of latecomers.splice(0))
      atMoment(moment, { process: run.process, api }, happen);
    if (!isCalm)
      planMishap(run, {
        world,
        prng: own.fork('mishap'),
        leaseSeconds: pace.leaseSeconds,
        // Whoever sees that nothing moves takes over.
        onFreeze: () => {
          if (!isRival) planRival(500);
        },
      });
    return run;
  }

  /** One more operator, who knows nothing of the others. */
  function planRival(withinMs: number): void {
    timeline.after(actors.skewed(1, withinMs), () => {
      if (!isCalm) launch(drawWish(), { isRival: true });
    });
  }

  /** Proxies that begin, or begin anew, at a moment in the next run. */
  function planLatecomers(): void {
    const own = actors.fork('latecomers');
    for (let count = own.int(1, 2); count > 0; count -= 1) {
      const proxies = world.callerProxies();
      const happen = own.chance(0.6)
        ? () => world.addCaller(drawCaller(own))
        : () => world.restartProxy(own.pick(proxies));
      latecomers.push({ moment: drawMoment(own), happen });
    }
  }

  async function untilOver(run: Run): Promise<void> {
    const since = timeline.now();
    await timeline.run(() => run.isOver() || timeline.now() - since > LONGEST_RUN_MS);
    if (!run.isOver()) throw new Error(`${run.name} does not end`);
  }

  /** The switch under way once more, with the flags it was begun with. */
  function begun(): Wish | undefined {
    const { unfinished } = ledger;
    return unfinished && wishes.get(unfinished.id);
  }

  function drawWish(): Wish {
    const unfinished = ledger.unfinished;
    const to = unfinished?.to ?? (ledger.rest.live === 'v1' ? 'v2' : actors.pick(['v1', 'v3']));
    if (actors.chance(unfinished ? 0.35 : 0.15)) return { undo: true };
    // Gone on with is a switch with the flags it was begun with.
    const canary = actors.chance(0.25) ? actors.pick([[10], [25, 50], [50]]) : undefined;
    return begun() ?? { to, canary, keepOld: actors.chance(0.2) };
  }

  return {
    ends: () =>
      runs.map(({ end }) =>
        end === undefined ? 'killed' : typeof end === 'string' ? `error: ${end}` : end.outcome,
      ),

    async begin() {
      await pass(FIRST_MS);
      await timeline.run(() => world.mesh.istiods.every((istiod) => istiod.isReady()));
      for (const habits of climate.callers) world.addCaller(habits);
      await timeline.run(() => world.callerProxies().every(({ isLive }) => isLive));
    },

    /** Everything at once: faults, lateness, mishaps, rivals, edits. */
    async rough() {
      planDisturbances(world, actors.skewed(500, 10_000), actors.fork('disturbances'));
      if (actors.chance(0.25))
        timeline.after(actors.skewed(10, 6000), () => isCalm || editSomething(world, actors.fork('edits')));
      if (actors.chance(0.2)) planRival(6000);
      if (actors.chance(0.5)) planLatecomers();
      const rounds = actors.pick([1, 1, 2]);
      for (let round = 0; round < rounds; round += 1) {
        await untilOver(launch(drawWish()));
        await pass(actors.skewed(5, 1000));
      }
    },

    /** From here on nothing goes wrong: the switch must come to one of its ends. */
    async calm() {
      isCalm = true;
      for (const run of runs) await untilOver(run);
      await pass(LONGEST_DISTURBANCE_MS);
      withdrawEdits(world);
      world.kubelet.mend();
      for (let count = 0; ledger.unfinished; count += 1) {
        const { to } = ledger.unfinished;
        if (count >= MOST_CALM_RUNS) throw new Error(`the switch to ${to} comes to no end`);
        // What cannot be judged (a version that is gone has no answers to compare with) is given up on in the end.
        const forward = count < 2 ? (begun() ?? { to }) : { ...begun(), to, canary: undefined };
        const wish = actors.chance(0.5) ? forward : { to, undo: true };
        await untilOver(launch(wish));
      }
      await pass(SETTLED_MS);
      verifyRest('after the switch');
    },

    /** A world that was switched, or put back, can be switched again. */
    async again() {
      const run = launch({ to: 'v9' });
      await untilOver(run);
      const said = typeof run.end === 'string' ? run.end : run.end?.message;
      if (typeof run.end !== 'object' || run.end.outcome !== 'switched')
        account.violate(`it cannot be switched again: ${said ?? 'killed'}`);
      await pass(SETTLED_MS);
      verifyRest('after it was switched again');
    },
  };

  function verifyRest(when: string): void {
    const { routeStyle, hasAutoscaler } = climate;
    // Who had begun nothing, and could not give it back, leaves a Lease that runs out by itself.
    const runsOut = (holder: string) =>
      runs.some((run) => run.name === holder && (!run.process.isAlive() || run.network.hasFailed()));
    for (const what of leftBehind(store, ledger.rest, { routeStyle, hasAutoscaler, runsOut }))
      account.violate(`left behind ${when}: ${what}`);
  }
}
