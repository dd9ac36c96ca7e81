/** What befalls one run of the switch. */
import { atMoment, drawMoment } from '../operator/trigger.ts';
import type { Run } from '../operator/run.ts';
import type { Prng } from '../time/prng.ts';
import type { World } from '../world/world.ts';

/** Nothing, or one of: killed, stopped for a while, interrupted, cut off. `onFreeze` hears when it begins to stand still. */
export function planMishap(
  run: Run,
  {
    world,
    prng,
    leaseSeconds,
    onFreeze,
  }: { world: World; prng: Prng; leaseSeconds: number; onFreeze: () => void },
): void {
  const { process, name } = run;
  const { story, api } = world;
  const moment = drawMoment(prng);
  const happen = drawMishap();
  if (happen) atMoment(moment, { process, api }, () => run.isOver() || happen());

  function drawMishap(): (() => void) | undefined {
    const chance = prng.next();
    if (chance < 0.35) return undefined;
    if (chance < 0.65)
      return () => {
        story.tell(name, () => 'is killed');
        process.kill();
        world.timeline.wake();
      };
    if (chance < 0.8) {
      const ms = 1000 * leaseSeconds * prng.skewed(0.3, 4);
      const machineSleeps = prng.chance(0.3);
      return () => {
        story.tell(
          name,
          () => `stands still for ${Math.round(ms)} ms${machineSleeps ? ', and its machine' : ''}`,
        );
        process.freeze(ms, machineSleeps);
        onFreeze();
      };
    }
    if (chance < 0.9) return () => run.interrupt();
    return () => {
      story.tell(name, () => 'is cut off from the API server');
      run.network.cut();
    };
  }
}
