/** What happens in a world, in some acts, and what must hold at the end of each. */
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';
import { LONGEST_DISTURBANCE_MS, planDisturbances, planLatecomers } from '../actors/disturbances.ts';
import { editSomething, withdrawEdits } from '../actors/edits.ts';
import { applyAgainAndAgain, filesOf } from '../actors/files.ts';
import type { Files } from '../actors/files.ts';
import { kill } from '../actors/mishaps.ts';
import { leftBehind } from '../invariants/end-state.ts';
import { watchForOneOperator } from '../invariants/one-operator.ts';
import { watchReach } from '../invariants/out-of-reach.ts';
import type { Mutant } from '../mutants/mutant.ts';
import type { Run, Wish } from '../operator/run.ts';
import type { Prng } from '../time/prng.ts';
import type { Climate, World } from '../world/world.ts';
import { createLedger } from './ledger.ts';
import { createOperators } from './operators.ts';

export interface Play {
  /** The first version serves, and its callers know it. */
  begin(): Promise<void>;
  /** Everything at once: faults, lateness, mishaps, rivals, edits. */
  rough(): Promise<void>;
  /** From here on nothing goes wrong: the switch must come to one of its ends. */
  calm(): Promise<void>;
  /** Where plain pods serve still they are made a version; what was adopted is switched. */
  adopt(): Promise<void>;
  /** A world that was switched, or put back, can be switched again. */
  again(): Promise<void>;
  /**
   * An owner that was said to be paused applies the old files throughout a switch: it does not come to pass.
   */
  owner(): Promise<void>;
  /** How each run ended. */
  ends(): string[];
}

/** Who applies the files once things are at rest. */
const PIPELINE = 'pipeline';
/** Until the first version serves, in milliseconds. */
const FIRST_MS = 1000;
/** Until pods that were told to have ended, and their ends have reached everybody. */
const SETTLED_MS = 1500;
/** So many times it may be tried, in calm weather, to come to an end. */
const MOST_CALM_RUNS = 5;

export function createPlay({
  world,
  climate,
  prng,
  mutant,
}: {
  world: World;
  climate: Climate;
  prng: Prng;
  mutant: Mutant;
}): Play {
  const { timeline, account, store, api } = world;
  const actors = prng.fork('actors');
  const ledger = createLedger(climate.beginning.first);
  api.onWrite((write) => ledger.hear(write));
  const operators = createOperators({ world, prng, actors, mutant, ledger });
  const { runs } = operators;
  api.onWrite(watchReach(account, world.mesh));
  // Files that hold the end state are what stands there: kubectl diff of them is empty.
  api.onWrite(({ by, place }) => {
    if (by === PIPELINE) account.violate(`files with the end state change ${place.resource.kind}`);
  });
  api.onWrite(watchForOneOperator(account, (name) => runs.some((run) => run.name === name)));

  async function pass(ms: number): Promise<void> {
    let isOver = false;
    timeline.after(ms, () => (isOver = true));
    await timeline.run(() => isOver);
  }

  function verifyRest(when: string): void {
    // Who had begun nothing, and could not give it back, leaves a Lease that runs out by itself.
    const runsOut = (holder: string) =>
      runs.some((run) => run.name === holder && (!run.process.isAlive() || run.network.hasFailed()));
    for (const what of leftBehind(store, ledger.rest, { climate, runsOut }))
      account.violate(`left behind ${when}: ${what}`);
    filesNow()(PIPELINE);
  }

  function filesNow(): Files {
    return filesOf(world, ledger.rest, { climate, prng: prng.fork('files') });
  }

  /** In calm weather, with nothing under way. */
  async function succeed(wish: Wish, what: string): Promise<void> {
    let run = operators.launch(wish);
    await operators.untilOver(run);
    // What an autoscaler is at work on is not rolled out, and refused before anything is changed.
    for (let count = 1; isRefusedAtWork(run) && count < MOST_CALM_RUNS; count += 1) {
      run = operators.launch(wish);
      await operators.untilOver(run);
    }
    const said = typeof run.end === 'string' ? run.end : run.end?.message;
    if (typeof run.end !== 'object' || run.end.outcome !== 'switched')
      account.violate(`it cannot be ${what}: ${said ?? 'killed'}`);
    await pass(SETTLED_MS);
    verifyRest(`after it was ${what}`);
  }

  /** In calm weather a switch that was begun comes to an end. */
  async function finish(wishOf: (to: string, count: number) => Wish): Promise<void> {
    for (let count = 0; ledger.unfinished; count += 1) {
      const { to } = ledger.unfinished;
      if (count >= MOST_CALM_RUNS) throw new Error(`the switch to ${to} comes to no end`);
      await operators.untilOver(operators.launch(wishOf(to, count)));
    }
    await pass(SETTLED_MS);
  }

  return {
    ends: () =>
      runs.map(({ end }) =>
        end === undefined ? 'killed' : typeof end === 'string' ? `error: ${end}` : end.outcome,
      ),

    async begin() {
      await pass(FIRST_MS);
      const { routes, rule } = climate.beginning;
      const parts = [
        'endpoints' as const,
        ...(routes ? ['routes' as const] : []),
        ...(rule ? ['rule' as const] : []),
      ];
      await timeline.run(() => world.mesh.istiods.every((istiod) => istiod.isReady(parts)));
      for (const habits of climate.callers) world.addCaller(habits);
      await timeline.run(() => world.callerProxies().every(({ isLive }) => isLive));
    },

    async rough() {
      planDisturbances(world, actors.skewed(500, 10_000), actors.fork('disturbances'));
      if (actors.chance(0.25))
        timeline.after(actors.skewed(10, 6000), () => {
          if (!operators.isCalm()) editSomething(world, actors.fork('edits'));
        });
      if (actors.chance(0.2)) operators.planRival(6000);
      if (actors.chance(0.5))
        planLatecomers(world, actors.fork('latecomers'), (moment, happen) =>
          operators.inNextRun(moment, happen),
        );
      const rounds = actors.pick([1, 1, 2]);
      for (let round = 0; round < rounds; round += 1) {
        await operators.untilOver(operators.launch(operators.drawWish()));
        await pass(actors.skewed(5, 1000));
      }
    },

    async calm() {
      operators.calmDown();
      for (const run of runs) await operators.untilOver(run);
      await pass(LONGEST_DISTURBANCE_MS);
      withdrawEdits(world);
      world.kubelet.mend();
      await finish((to, count) => {
        // What cannot be judged (a version that is gone has no answers
        // to compare with) is given up on in the end.
        const adopt = ledger.unfinished?.adopts !== undefined;
        const wish = { to, adopt, ...operators.begun(), undo: false };
        const forward = count < 2 ? wish : { ...wish, canary: undefined };
        return actors.chance(0.5) ? forward : { to, adopt, undo: true };
      });
      verifyRest('after the switch');
    },

    async adopt() {
      if (climate.beginning.first !== PLAIN) return;
      if (ledger.rest.live === PLAIN) await succeed({ adopt: true, to: 'v1' }, 'adopted');
      await succeed({ to: 'v7' }, 'switched after its adoption');
    },

    again: () => succeed({ to: 'v9' }, 'switched again'),

    async owner() {
      const own = prng.fork('owner');
      const { live } = ledger.rest;
      const stop = applyAgainAndAgain(world, filesNow(), own.skewed(300, 4000));
      planDisturbances(world, 10_000, own.fork('disturbances'));
      const wish = { to: 'v8', ownerPaused: true };
      const run = operators.launch(wish);
      if (own.chance(0.3)) timeline.after(own.skewed(100, 12_000), () => kill(run, world));
      await operators.untilOver(run);
      if (!run.process.isAlive()) await operators.untilOver(operators.launch(wish));
      stop();
      await pass(LONGEST_DISTURBANCE_MS);
      await finish((to) => ({ to, undo: true }));
      if (ledger.rest.live !== live) account.violate(`switched to ${ledger.rest.live} against an owner`);
      verifyRest('after an owner had applied the old files throughout a switch');
    },
  };
}

function isRefusedAtWork({ end }: Run): boolean {
  return typeof end === 'object' && / is not rolled out .*Nothing was changed/.test(end.error ?? '');
}
