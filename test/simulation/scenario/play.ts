/** What happens in a world, in four acts, and what must hold at the end of each. */
import { LONGEST_DISTURBANCE_MS, planDisturbances, planLatecomers } from '../actors/disturbances.ts';
import { editSomething, withdrawEdits } from '../actors/edits.ts';
import { leftBehind } from '../invariants/end-state.ts';
import { watchForOneOperator } from '../invariants/one-operator.ts';
import { watchReach } from '../invariants/out-of-reach.ts';
import type { Mutant } from '../mutants/mutant.ts';
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
  /** A world that was switched, or put back, can be switched again. */
  again(): Promise<void>;
  /** How each run ended. */
  ends(): string[];
}

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
  const ledger = createLedger('v1');
  api.onWrite((write) => ledger.hear(write));
  const operators = createOperators({ world, prng, actors, mutant, ledger });
  const { runs } = operators;
  api.onWrite(watchReach(account, world.mesh));
  api.onWrite(watchForOneOperator(account, (name) => runs.some((run) => run.name === name)));

  async function pass(ms: number): Promise<void> {
    let isOver = false;
    timeline.after(ms, () => (isOver = true));
    await timeline.run(() => isOver);
  }

  function verifyRest(when: string): void {
    const { routeStyle, hasAutoscaler } = climate;
    // Who had begun nothing, and could not give it back, leaves a Lease that runs out by itself.
    const runsOut = (holder: string) =>
      runs.some((run) => run.name === holder && (!run.process.isAlive() || run.network.hasFailed()));
    for (const what of leftBehind(store, ledger.rest, { routeStyle, hasAutoscaler, runsOut }))
      account.violate(`left behind ${when}: ${what}`);
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
      for (let count = 0; ledger.unfinished; count += 1) {
        const { to } = ledger.unfinished;
        if (count >= MOST_CALM_RUNS) throw new Error(`the switch to ${to} comes to no end`);
        // What cannot be judged (a version that is gone has no answers
        // to compare with) is given up on in the end.
        const wish = { to, ...operators.begun(), undo: false };
        const forward = count < 2 ? wish : { ...wish, canary: undefined };
        await operators.untilOver(operators.launch(actors.chance(0.5) ? forward : { to, undo: true }));
      }
      await pass(SETTLED_MS);
      verifyRest('after the switch');
    },

    async again() {
      const run = operators.launch({ to: 'v9' });
      await operators.untilOver(run);
      const said = typeof run.end === 'string' ? run.end : run.end?.message;
      if (typeof run.end !== 'object' || run.end.outcome !== 'switched')
        account.violate(`it cannot be switched again: ${said ?? 'killed'}`);
      await pass(SETTLED_MS);
      verifyRest('after it was switched again');
    },
  };
}
