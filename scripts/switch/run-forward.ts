/** Runs steps one after another. */
import type { SwitchContext } from './context.ts';
import { perform } from './perform.ts';
import type { Step } from './step.ts';

/** @throws StepFailed */
export async function runForward(context: SwitchContext, plan: readonly Step[]): Promise<SwitchContext> {
  let next = context;
  for (const step of plan) next = await perform(next, step);
  return next;
}
