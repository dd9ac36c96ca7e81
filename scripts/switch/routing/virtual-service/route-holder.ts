/**
 * Finds the VirtualService with the app's routes: the one named after the app, or its delegate. At proxies a
 * delegate's routes have the reference of the root, and the name of the root's route before their own.
 */
import type { Cluster } from '../../../shared/cluster/cluster.ts';
import { CommandError } from '../../../shared/errors.ts';
import type { HttpRoute, VirtualService } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import { virtualServiceReference } from '../../../shared/istio/names.ts';
import type { RouteTarget } from '../traffic-routing.ts';
import { liveSubsets } from './virtual-service.ts';

export interface RouteHolder {
  /** The VirtualService that the switch changes. */
  virtualService: VirtualService;
  /** The VirtualServices that delegate to it; none when it has hosts of its own. */
  roots: readonly VirtualService[];
}

/** @param named the VirtualService named after the app */
export async function findRouteHolder(
  cluster: Cluster,
  named: VirtualService,
  target: RouteTarget,
): Promise<RouteHolder> {
  const { hosts = [], http = [] } = named.spec;
  const delegates = http.flatMap((route) => delegateOf(named, route) ?? []);
  if (hosts.length > 0 && delegates.length === 0) return { virtualService: named, roots: [] };

  const all = await cluster.list<VirtualService>(resources.virtualServices, { namespace: '*' });
  const holders = [named, ...all.filter((one) => delegates.some((delegate) => isSame(one, delegate)))].filter(
    (one) =>
      liveSubsets(one, { ...target, namespace: one.metadata.namespace ?? target.namespace }).length > 0,
  );
  const [holder = named, another] = [...new Map(holders.map((one) => [keyOf(one), one])).values()];
  if (another !== undefined) {
    throw new CommandError(
      `VirtualServices ${holder.metadata.name} and ${another.metadata.name} both route ${target.host}; a switch changes one. Keep the routes in one of them`,
    );
  }
  const home = holder.metadata.namespace ?? target.namespace;
  if (home !== target.namespace) {
    throw new CommandError(
      `The routes of ${target.host} are in VirtualService ${holder.metadata.name} of namespace ${home}; a switch changes only its own namespace ${target.namespace}. Move the delegate there`,
    );
  }
  const roots = all.filter((one) =>
    (one.spec.http ?? []).some((route) => {
      const delegate = delegateOf(one, route);
      return delegate !== undefined && isSame(holder, delegate);
    }),
  );
  return { virtualService: holder, roots };
}

/** The names at proxies of the VirtualService's routes, by the reference of their root. */
export function namesByRoot(
  { virtualService, roots }: RouteHolder,
  names: ReadonlySet<string>,
): Map<string, Set<string>> {
  return new Map(
    roots.map((root) => {
      const { name, namespace = '' } = root.metadata;
      const shown = (root.spec.http ?? []).flatMap((route) => {
        const delegate = delegateOf(root, route);
        // A route of the root itself keeps its name. Another delegate's routes do not lead to this host.
        if (delegate === undefined) return [route.name ?? ''];
        if (!isSame(virtualService, delegate)) return [];
        return [...names].map((own) => [route.name ?? '', own].filter((part) => part !== '').join('-'));
      });
      return [virtualServiceReference(namespace, name), new Set(shown)];
    }),
  );
}

interface Name {
  name: string;
  namespace: string;
}

function delegateOf({ metadata }: VirtualService, route: HttpRoute): Name | undefined {
  const { name, namespace = metadata.namespace ?? '' } = (route['delegate'] ?? {}) as Partial<Name>;
  return name === undefined ? undefined : { name, namespace };
}

const isSame = ({ metadata }: VirtualService, { name, namespace }: Name) =>
  metadata.name === name && (metadata.namespace ?? '') === namespace;
const keyOf = ({ metadata }: VirtualService) => `${metadata.namespace ?? ''}/${metadata.name}`;
