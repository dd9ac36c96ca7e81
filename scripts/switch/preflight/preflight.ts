/** Looks before anything is touched: who serves, whether the new version fits, and whether every proxy can be asked. Reads only. */
import { CommandError, messageOf } from '../../shared/errors.ts';
import type { Deployment, Pod } from '../../shared/kubernetes.ts';
import { verifyAccess } from './access.ts';
import { askPrometheus, queriesFor } from '../canary/prometheus-source.ts';
import { refuse } from './refuse.ts';
import { verifyCapacity } from './capacity.ts';
import { verifyKinds } from './rights.ts';
import { verifyRouting } from './routing.ts';
import { lookAtScaling } from './scaling.ts';
import { resultingShares } from './shares.ts';
import { ownedByOthers } from './owners.ts';
import { verifyVersions } from './versions.ts';
import { nameOf } from '../proofs/proxies.ts';
import type { Proxy } from '../proofs/proxies.ts';
import { readLease } from '../lock/switch-record.ts';
import { renderVersion } from '../changes/render-version.ts';
import { dividedRoutes, namesSubset } from '../routing/virtual-service/virtual-service.ts';
import { describeServing, includesAll, listVersionPods, readState } from '../cluster-state/read-state.ts';
import type { State } from '../cluster-state/read-state.ts';
import { findSubset, subsetLike } from '../routing/virtual-service/destination-rule.ts';
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
    const rendered = await renderVersion(options, { app, version: to, replicas: 1 });
    const fresh = existing ?? rendered.deployment;
    await verifyKinds(context, rendered.others);
    verifyTheNewVersionFits(context, state, fresh);
    verifyNoOtherProtocol(context);
    verifyNotDivided(context);
    const busy = await whoHoldsTheLease(context);
    const routing = await verifyRouting(context);
    const proxies = await mesh.list(signal);
    const waypoint = proxies.find(({ type }) => type === 'waypoint');
    if (waypoint) {
      throw new CommandError(
        `${nameOf(waypoint)} is a waypoint (ambient mode); its routes cannot be proven yet. Nothing was changed.`,
      );
    }
    const filtering = await mesh.filteringIstiod(signal);
    if (filtering !== undefined && proxies.some(({ type }) => type === 'router')) {
      throw new CommandError(
        `${filtering} runs with PILOT_FILTER_GATEWAY_CLUSTER_CONFIG=true: a gateway hears of ${to} only when a route names it, so nothing can prove before that it is ready there. Turn it off. Nothing was changed.`,
      );
    }
    const unheard = await listUnheard(context, proxies);
    const evidence = await verifyPrometheus(context);
    const versions = verifyVersions((await cluster.version()).gitVersion, proxies);
    const old = state.deployments.find(({ version }) => version === from)?.deployment;
    if (old === undefined && !context.continued) {
      refuse(
        `no Deployment that the Service ${app} selects is labelled version=${from}: how many pods ${to} needs is not known, and what is left of ${from} could not be deleted`,
      );
    }
    const [like] = await listVersionPods(cluster, state, from);
    const capacity = await verifyCapacity(context, { old, fresh, exists: existing !== undefined, like });
    const scaling = await lookAtScaling(context, { old, existing, name: fresh.metadata.name });
    return {
      detail: `${describeServing(state.live)}, ${to} is ${existing ? 'deployed' : 'not deployed'}; ${proxies.length} proxies (${versions})`,
      proof: { proxies: proxies.length },
      notes: [
        ...evidence,
        ...busy,
        ...routing,
        ...capacity,
        ...scaling,
        ...ownedByOthers(context, old),
        ...resultingShares(context),
        ...rejecting(proxies),
        ...unheard,
        ...unseenCallers(context, like),
      ],
    };
  },
};

/** A share that cannot be judged would be taken back: better to know before. Says what will be asked. */
async function verifyPrometheus({ options, target, signal }: SwitchContext): Promise<string[]> {
  const { prometheus } = options;
  if (prometheus === undefined || (options.canary ?? []).length === 0) return [];
  const queries = Object.values(queriesFor(target.host, 'N')) as string[];
  try {
    await askPrometheus(prometheus, queriesFor(target.host, 60).requests, signal);
  } catch (error) {
    refuse(messageOf(error));
  }
  return [`Evidence from Prometheus at ${prometheus}:`, ...queries.map((query) => `  ${query}`)];
}

/** Somebody may be at work, or was killed: which of the two, only waiting can tell, and that is not for a look. */
async function whoHoldsTheLease({ cluster, app }: SwitchContext): Promise<string[]> {
  const { metadata, spec } = (await readLease(cluster, app)) ?? {};
  if (metadata === undefined || !spec?.holderIdentity) return [];
  return [
    `${spec.holderIdentity} holds the Lease ${metadata.name}, renewed at ${spec.renewTime ?? 'no time'}: a switch stops while it is at work, and takes over ${spec.leaseDurationSeconds ?? 15} s after its end`,
  ];
}

/** Somebody's mistake in a route of a gateway keeps every other route of its port from arriving there. */
function rejecting(proxies: Proxy[]): string[] {
  return proxies.flatMap((proxy) =>
    proxy.rejected === undefined
      ? []
      : [
          `${nameOf(proxy)} rejects its configuration: ${proxy.rejected}; what comes with it does not arrive there until that is mended`,
        ],
  );
}

/**
 * Proxies that cannot be asked now. They may be starting or ending, so it is no reason to refuse; the proofs will wait for them. The forwards that
 * are opened for it stay open, which spares the proofs the time that takes.
 */
async function listUnheard({ mesh, signal }: SwitchContext, proxies: Proxy[]): Promise<string[]> {
  const failures = await Promise.all(
    proxies.map((proxy) =>
      mesh.isLive(proxy, signal).then(
        (): undefined => undefined,
        (error: unknown) => `${nameOf(proxy)} (${messageOf(error)})`,
      ),
    ),
  );
  const unheard = failures.filter((text) => text !== undefined);
  if (unheard.length === 0) return [];
  const more = unheard.length > 5 ? ` and ${unheard.length - 5} more` : '';
  return [
    `${unheard.length} of ${proxies.length} proxies cannot be asked now: ${unheard.slice(0, 5).join(', ')}${more}; nothing is proven until they answer or are gone`,
  ];
}

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
function verifyNoOtherProtocol({ known, from, target }: SwitchContext): void {
  const { tcp = [], tls = [] } = known.virtualService.spec;
  const found = [...tcp, ...tls].some(({ route = [] }) =>
    route.some(({ destination }) => namesSubset(destination, from, target)),
  );
  if (found) {
    throw new CommandError(
      `A tcp or tls route of VirtualService ${known.virtualService.metadata.name} names subset ${from}; only http routes can be switched. Nothing was changed.`,
    );
  }
}

/** A route that gives traffic to both already is somebody's own canary: to give all of it to one, and to go back, would lose how it was divided. */
function verifyNotDivided({ known, from, to, target, continued }: SwitchContext): void {
  if (continued) return;
  const [divided] = dividedRoutes(known.virtualService, [from, to], target);
  if (divided) {
    refuse(
      `route "${divided.name ?? ''}" of VirtualService ${known.virtualService.metadata.name} divides its traffic between ${from} and ${to} already: give it to one of them first`,
    );
  }
}

/** Callers whose requests no proxy counts: the proof that nobody uses the old version does not see them. */
function unseenCallers({ known, from }: SwitchContext, like: Pod | undefined): string[] {
  const seers = known.roots.length > 0 ? known.roots : [known.virtualService];
  const hosts = seers.flatMap(({ spec: { gateways = ['mesh'] } }) => gateways);
  const notes = [];
  if (like !== undefined && !hasSidecar(like))
    notes.push(
      `the pods of ${from} have no sidecar: a caller without one is seen by nobody, and may still use them when they end`,
    );
  if (!hosts.includes('mesh'))
    notes.push(
      `VirtualService ${known.virtualService.metadata.name} is not for the mesh (gateways: ${[...new Set(hosts)].join(', ')}): callers inside it go to every version, and keep ${from} from becoming quiet`,
    );
  return notes;
}

/** Injected as a container, or as an init container that goes on running. https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/ */
function hasSidecar({ spec: { containers, initContainers = [] } }: Pod): boolean {
  return [...containers, ...initContainers].some(({ name }) => name === 'istio-proxy');
}
