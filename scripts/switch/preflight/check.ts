/** One check of the preflight, and the facts that all checks share. */
import type { Deployment, KubernetesObject, Pod } from '../../shared/kubernetes.ts';
import { renderCandidate } from '../changes/version-label.ts';
import type { State } from '../cluster-state/read-state.ts';
import { findVersion, listVersionPods } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import type { Proxy } from '../proofs/proxies.ts';

export interface Check {
  title: string;
  /** Returns notes. Throws (with `refuse`) when the switch must not begin. */
  run(facts: Facts): string[] | Promise<string[]>;
}

export interface Facts {
  context: SwitchContext;
  state: State;
  /** The current version's Deployment, with one of its pods beside it. */
  current: Deployment | undefined;
  pod: Pod | undefined;
  /** The candidate's Deployment: `existing` is the one in the cluster, `candidate` the one to be. */
  existing: Deployment | undefined;
  candidate: Deployment;
  /** The candidate's other objects in the template set. */
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
