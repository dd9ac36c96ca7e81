/** What befalls one run of the switch. */
import { atMoment, drawMoment } from '../operator/trigger.ts';
import type { Run } from '../operator/run.ts';
import type { Prng } from '../time/prng.ts';
import type { World } from '../world/world.ts';

interface Scene {
  world: World;
  prng: Prng;
  leaseSeconds: number;
  /** Hears when the process begins to stand still. */
  onFreeze: () => void;
}

/** Nothing, or one of: killed, stopped for a while, interrupted, cut off. */
export function planMishap(run: Run, scene: Scene): void {
  const { process } = run;
  const { world, prng } = scene;
  const moment = drawMoment(prng);
  const at = (happen: () => void) =>
    atMoment(moment, { process, api: world.api }, () => run.isOver() || happen());
  const chance = prng.next();
  if (chance < 0.3) return;
  if (chance < 0.55) at(() => kill(run, world));
  else if (chance < 0.65) at(planFreeze(run, scene));
  else if (chance < 0.8) freezeBeforeWrite(run, prng.int(1, 10), planFreeze(run, scene));
  else if (chance < 0.9) at(() => run.interrupt());
  else at(() => cutOff(run, world));
}

export function kill({ process, name }: Run, { story, timeline }: World): void {
  story.tell(name, () => 'is killed');
  process.kill();
  timeline.wake();
}

function cutOff({ network, name }: Run, { story }: World): void {
  story.tell(name, () => 'is cut off from the API server');
  network.cut();
}

function planFreeze({ process, name }: Run, { world, prng, leaseSeconds, onFreeze }: Scene): () => void {
  const ms = 1000 * leaseSeconds * prng.between(0.5, 3) + prng.between(0, 3000);
  const machineSleeps = prng.chance(0.3);
  return () => {
    world.story.tell(
      name,
      () => `stands still for ${Math.round(ms)} ms${machineSleeps ? ', and its machine' : ''}`,
    );
    process.freeze(ms, machineSleeps);
    onFreeze();
  };
}

/**
 * It stands still right before it writes for the `count`th time. A renewal of the lock and the write that
 * follows on its answer are one: between the two nothing protects a cluster without fencing tokens.
 */
function freezeBeforeWrite({ process }: Run, count: number, freeze: () => void): void {
  let writes = 0;
  let isRenewed = false;
  process.beforeWrite = (isOfLease) => {
    const begins = isOfLease || !isRenewed;
    isRenewed = isOfLease;
    if (!begins || (writes += 1) !== count) return;
    freeze();
  };
}
