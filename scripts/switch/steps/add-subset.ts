/** Every proxy learns of the new version before any route may name it: a route to an unknown or warming cluster answers 503. */
import { resources } from '../../shared/resources.ts';
import { changeSpec, verifyUnchanged } from '../changes/change-object.ts';
import { patience } from '../proofs/deadline.ts';
import type { Proof } from '../proofs/prove-everywhere.ts';
import { readyPods } from '../cluster-state/ready-pods.ts';
import { namedSubsets } from '../routing/virtual-service/virtual-service.ts';
import { findSubset, subsetLike, withSubset } from '../routing/virtual-service/destination-rule.ts';
import type { Step, SwitchContext } from '../types.ts';
import { forgetSubset } from './remove-subset.ts';

export const addSubset: Step = {
  name: 'add-subset',
  title: ({ to }) => `Make ${to} known`,
  onFailure: 'undo',
  async run(context) {
    const { to, from } = context;
    const proof = await makeKnown(context, to, from);
    return { detail: `${to}'s ready pods are healthy at ${proof.proxies} proxies`, proof };
  },
  undoTitle: ({ to }) => `Forget subset ${to}`,
  async undo(context) {
    const { to, known, record, target } = context;
    if (record.before?.subset) return { detail: `${to} was known before` };
    if (namedSubsets(known.virtualService, target).has(to))
      return { detail: `a route names ${to}; it stays known` };
    // Somebody may have come to use it while this was taken back.
    await verifyUnchanged(context);
    await context.fence();
    const proof = await forgetSubset(context, to);
    return { detail: `gone at ${proof.proxies} proxies`, proof };
  },
};

/** Adds `version` to the DestinationRule, like `model`, and waits for proof A. */
export async function makeKnown(context: SwitchContext, version: string, model: string): Promise<Proof> {
  const { known, prover, target } = context;
  const old = findSubset(known.destinationRule, model) ?? { name: model, labels: { version: model } };
  const subset = findSubset(known.destinationRule, version) ?? subsetLike(old, model, version);
  known.destinationRule = await changeSpec(context, resources.destinationRules, known.destinationRule, {
    subsets: withSubset(known.destinationRule, subset),
  });
  return prover.endpoints(
    {
      host: target.host,
      subset: version,
      pods: () => readyPods(context, version),
      rule: known.destinationRule,
    },
    patience(context),
  );
}
