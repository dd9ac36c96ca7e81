/** The proxies forget the old version: after this no configuration anywhere can send to it. */
import { CommandError } from '../../shared/errors.ts';
import { resources } from '../../shared/resources.ts';
import { changeSpec } from '../changes/change-object.ts';
import { patience } from '../proofs/deadline.ts';
import type { Proof } from '../proofs/prove-everywhere.ts';
import { namedSubsets } from '../routing/virtual-service/virtual-service.ts';
import { withoutSubset } from '../routing/virtual-service/destination-rule.ts';
import type { Step, SwitchContext } from '../types.ts';
import { makeKnown } from './add-subset.ts';
import { proveNotNeeded } from '../proofs/still-serving.ts';

export const removeSubset: Step = {
  name: 'remove-subset',
  title: ({ from }) => `Forget ${from}`,
  onFailure: 'stop',
  async run(context) {
    // A route that names the old version again would answer 503 without it.
    await proveNotNeeded(context);
    const proof = await forgetSubset(context, context.from);
    return { detail: `gone at ${proof.proxies} proxies`, proof };
  },
  undoTitle: ({ from }) => `Make ${from} known again`,
  async undo(context) {
    const { from, to } = context;
    const proof = await makeKnown(context, from, to);
    return { detail: `${from}'s ready pods are healthy at ${proof.proxies} proxies`, proof };
  },
};

/** Takes `version` out of the DestinationRule and waits until no proxy knows it. */
export async function forgetSubset(context: SwitchContext, version: string): Promise<Proof> {
  const { known, prover, target } = context;
  if (namedSubsets(known.virtualService, target).has(version))
    throw new CommandError(`a route still names ${version}; it stays known`);
  known.destinationRule = await changeSpec(context, resources.destinationRules, known.destinationRule, {
    subsets: withoutSubset(known.destinationRule, version),
  });
  return prover.gone({ host: target.host, subset: version, rule: known.destinationRule }, patience(context));
}
