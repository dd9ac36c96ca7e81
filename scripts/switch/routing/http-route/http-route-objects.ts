/** An HTTPRoute and its Services, as last read or written. */
import type { Service } from '../../../shared/kubernetes.ts';
import { fullHost } from '../../../shared/istio-routes.ts';
import type { RouteTarget } from '../traffic-routing.ts';
import { barriersOf } from './barrier.ts';
import { isService } from './http-route.ts';
import type { HTTPRoute } from './http-route.ts';
import type { Naming } from './rules.ts';
import { asName, versionServicesOf } from './version-services.ts';
import type { VersionService } from './version-services.ts';

export interface HttpRouteObjects {
  route: HTTPRoute;
  /** The app's own Service, which selects every version. */
  app: Service;
  /** All Services of the namespace. */
  services: readonly Service[];
}

export interface Versions extends Naming {
  all: readonly VersionService[];
  barriers: readonly Service[];
  find(version: string): VersionService | undefined;
  /** The name at proxies of the version's Service. */
  hostOf(version: string): string;
  /** The version whose Service has this name at proxies. */
  versionOfHost(host: string): string | undefined;
}

/**
 * The versions and their Services. Of two Services for one version, the one that the routes name comes first.
 */
export function versionsIn({ route, app, services }: HttpRouteObjects, { namespace }: RouteTarget): Versions {
  const found = versionServicesOf(app, services);
  const named = new Set(
    (route.spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name)),
  );
  const isNamed = ({ service }: VersionService) => named.has(service.metadata.name);
  const ordered = [...found.filter(isNamed), ...found.filter((one) => !isNamed(one))];
  const all = [...new Map(ordered.toReversed().map((one) => [one.version, one])).values()].reverse();
  const find = (version: string) => all.find((one) => one.version === version);
  const stem = all.flatMap(stemOf)[0] ?? app.metadata.name;
  const serviceOf = (version: string) => find(version)?.service.metadata.name ?? `${stem}-${asName(version)}`;
  const hostOf = (version: string) => fullHost(serviceOf(version), namespace);
  return {
    all,
    barriers: barriersOf(app.metadata.name, services),
    find,
    serviceOf,
    hostOf,
    versionOfHost: (host) => all.find(({ version }) => hostOf(version) === host)?.version,
    versionOf(reference) {
      const { name, namespace: home = namespace } = reference;
      if (!isService(reference) || home !== namespace) return undefined;
      if (name === app.metadata.name) return '';
      const own = found.find(({ service }) => service.metadata.name === name);
      if (own !== undefined) return own.version;
      // A route to a version whose Service is gone still names the version.
      const isThere = services.some(({ metadata }) => metadata.name === name);
      return !isThere && name.startsWith(`${stem}-`) ? name.slice(stem.length + 1) : undefined;
    },
  };
}

/** The part of a Service's name before the version. */
export function stemOf({ service, version }: VersionService): string[] {
  const { name } = service.metadata;
  const ending = `-${asName(version)}`;
  return name.endsWith(ending) ? [name.slice(0, -ending.length)] : [];
}
