/** Looks before anything is touched: who serves, whether the new version fits, and whether every proxy can be asked. Reads only. */
import { CommandError } from '../../shared/errors.ts';
import type { VirtualService } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { verifyAccess } from '../access.ts';
import { fullHost } from '../names.ts';
import { nameOf } from '../proofs/proxies.ts';
import { renderVersion } from '../render-version.ts';
import { namesSubset } from '../routes.ts';
import { describeLive, includesAll, readState } from '../state.ts';
import { findSubset, subsetLike } from '../subsets.ts';
import type { Step, SwitchContext } from '../types.ts';

export const preflight: Step = {
  name: 'preflight',
  title: () => 'Preflight',
  onFailure: 'stop',
  async run(context) {
    await verifyAccess(context.cluster, context.signal);
    const state = await readState(context.cluster, context.app);
    await verifyTheNewVersionFits(context);
    verifyNoOtherProtocol(context);
    await verifyNobodyElseRoutes(context);
    const proxies = await context.mesh.list(context.signal);
    const waypoint = proxies.find(({ type }) => type === 'waypoint');
    if (waypoint) {
      throw new CommandError(
        `${nameOf(waypoint)} is a waypoint (ambient mode); its routes cannot be proven yet. Nothing was changed.`,
      );
    }
    const exists = state.deployments.some(({ version }) => version === context.to);
    return {
      detail: `${describeLive(state.live)} serves all traffic, ${context.to} is ${exists ? 'deployed' : 'not deployed'}; ${proxies.length} proxies`,
      proof: { proxies: proxies.length },
    };
  },
};

/** The Service must select the new pods, and the subset's labels must tell them from the old ones. */
async function verifyTheNewVersionFits({
  options,
  known,
  cluster,
  app,
  from,
  to,
}: SwitchContext): Promise<void> {
  const state = await readState(cluster, app);
  const existing = state.deployments.find(({ version }) => version === to)?.deployment;
  const deployment = existing ?? (await renderVersion(options, { app, version: to, replicas: 1 })).deployment;
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

/** Sidecars do not merge VirtualServices of one host; which one wins is undefined. */
async function verifyNobodyElseRoutes({
  cluster,
  known,
  target,
  app,
  namespace,
  signal,
}: SwitchContext): Promise<void> {
  const all = await cluster.list<VirtualService>(resources.virtualServices, { namespace: '*', signal });
  const hosts = new Set((known.virtualService.spec.hosts ?? []).map((host) => fullHost(host, namespace)));
  hosts.add(target.host);
  const gateways = new Set(gatewaysOf(known.virtualService));
  for (const other of all) {
    const home = other.metadata.namespace ?? '';
    if (other.metadata.name === app && home === namespace) continue;
    const shared = (other.spec.hosts ?? []).find((host) => hosts.has(fullHost(host, home)));
    const meets = gatewaysOf(other).some((gateway) => gateways.has(gateway));
    if (shared !== undefined && meets) {
      throw new CommandError(
        `VirtualService ${other.metadata.name} in ${home} routes ${shared} too; which of the two a proxy follows is undefined. Keep one. Nothing was changed.`,
      );
    }
  }
}

function gatewaysOf({ metadata, spec }: VirtualService): string[] {
  // Without the field it is every sidecar; a gateway's name belongs to the namespace of the VirtualService.
  return (spec.gateways ?? ['mesh']).map((gateway) =>
    gateway === 'mesh' || gateway.includes('/') ? gateway : `${metadata.namespace ?? ''}/${gateway}`,
  );
}
