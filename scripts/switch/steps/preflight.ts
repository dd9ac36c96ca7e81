/** Looks before anything is touched: who serves, whether the new version fits, and whether every proxy can be asked. Reads only. */
import { CommandError } from '../../shared/errors.ts';
import type { Deployment } from '../../shared/kubernetes.ts';
import { verifyAccess } from '../access.ts';
import { verifyCapacity } from '../preflight/capacity.ts';
import { verifyRouting } from '../preflight/routing.ts';
import { verifyVersions } from '../preflight/versions.ts';
import { nameOf } from '../proofs/proxies.ts';
import { renderVersion } from '../render-version.ts';
import { namesSubset } from '../routes.ts';
import { describeLive, includesAll, listVersionPods, readState } from '../state.ts';
import type { State } from '../state.ts';
import { findSubset, subsetLike } from '../subsets.ts';
import type { Step, SwitchContext } from '../types.ts';

export const preflight: Step = {
  name: 'preflight',
  title: () => 'Preflight',
  onFailure: 'stop',
  async run(context) {
    const { cluster, mesh, app, from, to, signal, options } = context;
    await verifyAccess(cluster, signal);
    const state = await readState(cluster, app);
    const existing = state.deployments.find(({ version }) => version === to)?.deployment;
    const fresh = existing ?? (await renderVersion(options, { app, version: to, replicas: 1 })).deployment;
    verifyTheNewVersionFits(context, state, fresh);
    verifyNoOtherProtocol(context);
    const routing = await verifyRouting(context);
    const proxies = await mesh.list(signal);
    const waypoint = proxies.find(({ type }) => type === 'waypoint');
    if (waypoint) {
      throw new CommandError(
        `${nameOf(waypoint)} is a waypoint (ambient mode); its routes cannot be proven yet. Nothing was changed.`,
      );
    }
    const versions = verifyVersions((await cluster.version()).gitVersion, proxies);
    const old = state.deployments.find(({ version }) => version === from)?.deployment;
    const [like] = await listVersionPods(cluster, state, from);
    const capacity = await verifyCapacity(context, { old, fresh, exists: existing !== undefined, like });
    return {
      detail: `${describeLive(state.live)} serves all traffic, ${to} is ${existing ? 'deployed' : 'not deployed'}; ${proxies.length} proxies (${versions})`,
      proof: { proxies: proxies.length },
      notes: [...routing, ...capacity],
    };
  },
};

/** The Service must select the new pods, and the subset's labels must tell them from the old ones. */
function verifyTheNewVersionFits(
  { known, app, from, to }: SwitchContext,
  state: State,
  deployment: Deployment,
): void {
  const labels = deployment.spec.template.metadata?.labels ?? {};
  const old = findSubset(known.destinationRule, from) ?? { name: from, labels: { version: from } };
  const wanted = findSubset(known.destinationRule, to)?.labels ?? subsetLike(old, from, to).labels ?? {};
  const show = (map: Record<string, string>) =>
    Object.entries(map)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
  for (const [what, selector] of [
    [`the Service ${app}`, state.service.spec.selector ?? {}],
    [`the subset ${to}`, wanted],
  ] as const) {
    if (!includesAll(labels, selector)) {
      throw new CommandError(
        `${what} selects ${show(selector)}, but the pods of ${deployment.metadata.name} are labelled ${show(labels)}. Nothing was changed.`,
      );
    }
  }
}

/** tcp and tls routes carry no name a proxy could show. */
function verifyNoOtherProtocol({ known, from, target, app }: SwitchContext): void {
  const { tcp = [], tls = [] } = known.virtualService.spec;
  const found = [...tcp, ...tls].some(({ route = [] }) =>
    route.some(({ destination }) => namesSubset(destination, from, target)),
  );
  if (found) {
    throw new CommandError(
      `A tcp or tls route of VirtualService ${app} names subset ${from}; only http routes can be switched. Nothing was changed.`,
    );
  }
}
