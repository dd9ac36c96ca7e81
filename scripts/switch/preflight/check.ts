/** One look of the preflight, and what all of them look at. */
import type { Deployment, KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { renderCandidate } from '../changes/version-label.ts';
import type { State } from '../cluster-state/read-state.ts';
import { findVersion, listVersionPods } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import type { Proxy } from '../proofs/proxies.ts';

export interface Check {
  title: string;
  /** Gives what is worth knowing and no reason to stop. Throws, by `refuse`, what is one. */
  run(facts: Facts): string[] | Promise<string[]>;
}

export interface Facts {
  context: SwitchContext;
  state: State;
  /** The current version's Deployment, and one of its pods. */
  current: Deployment | undefined;
  pod: Pod | undefined;
  /** The candidate's: as it is there, or as it will be. */
  existing: Deployment | undefined;
  candidate: Deployment;
  /** What else the template set makes of the candidate. */
  others: KubernetesObject[];
  proxies: Proxy[];
}

export async function readFacts(context: SwitchContext): Promise<Omit<Facts, 'proxies'>> {
  const { cluster, from, to } = context;
  const state = await context.readState();
  const existing = findVersion(state.deployments, to);
  const rendered = await renderCandidate(context, 1);
  const [pod] = await listVersionPods(cluster, state, from);
  return {
    context,
    state,
    current: findVersion(state.deployments, from),
    pod,
    existing,
    candidate: existing ?? rendered.deployment,
    others: rendered.others,
  };
}
