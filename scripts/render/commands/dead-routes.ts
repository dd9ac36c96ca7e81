/** Dead routes: their requests are answered 503, because no ready pod stands behind them. */
import { fullHost, receivers } from '../../shared/istio-routes.ts';
import { includesAll, isReady } from '../../shared/kubernetes.ts';
import type { Deployment, DestinationRule, Pod, Service, VirtualService } from '../../shared/kubernetes.ts';

/** The routing and the pods of the cluster. Every object has its namespace. */
export interface Traffic {
  virtualServices: readonly VirtualService[];
  destinationRules: readonly DestinationRule[];
  services: readonly Service[];
  pods: readonly Pod[];
}

export interface Route {
  virtualService: VirtualService;
  /** Of a Service of the cluster. */
  host: string;
  subset: string;
  /** The subset's labels; undefined where no DestinationRule has the subset. */
  labels: Readonly<Record<string, string>> | undefined;
  /** Whether a ready pod stands behind the route. */
  isServed: boolean;
}

/** Every route to a subset of a Service. Hosts without a Service are not checked. */
export function routesIn({ virtualServices, destinationRules, services, pods }: Traffic): Route[] {
  const byHost = new Map(services.map((one) => [fullHost(one.metadata.name, homeOf(one)), one]));
  return virtualServices.flatMap((virtualService) =>
    receivers(virtualService).flatMap(({ host: name, subset = '' }): Route[] => {
      const host = fullHost(name, homeOf(virtualService));
      const service = byHost.get(host);
      if (service?.spec.selector === undefined || subset === '') return [];
      const found = destinationRules
        .filter((rule) => isFor(rule, host))
        .flatMap(({ spec }) => spec.subsets ?? [])
        .find((one) => one.name === subset);
      const labels = found && { ...service.spec.selector, ...found.labels };
      const isServed =
        labels !== undefined &&
        pods.some(
          (pod) =>
            homeOf(pod) === homeOf(service) && isReady(pod) && includesAll(pod.metadata.labels ?? {}, labels),
        );
      return [{ virtualService, host, subset, labels, isServed }];
    }),
  );
}

/** Whether the Deployment brings pods of the route's subset. */
export function brings({ spec, metadata }: Deployment, { host, labels }: Route): boolean {
  const isNear = host.split('.')[1] === metadata.namespace;
  return (
    isNear &&
    spec.replicas !== 0 &&
    labels !== undefined &&
    includesAll(spec.template.metadata?.labels ?? {}, labels)
  );
}

/** What serves the host now: subsets by name, or the Service where there is no route. Empty: nothing. */
export function serversOf(host: string, traffic: Traffic): string[] {
  const routes = routesIn(traffic).filter((route) => route.host === host);
  if (routes.length > 0)
    return [...new Set(routes.flatMap(({ subset, isServed }) => (isServed ? [subset] : [])))];
  const service = traffic.services.find((one) => fullHost(one.metadata.name, homeOf(one)) === host);
  const { selector } = service?.spec ?? {};
  const isUp =
    selector !== undefined &&
    traffic.pods.some(
      (pod) =>
        pod.metadata.namespace === host.split('.')[1] &&
        isReady(pod) &&
        includesAll(pod.metadata.labels ?? {}, selector),
    );
  return isUp ? [`the Service ${service?.metadata.name ?? ''}`] : [];
}

/** Whether the rule is for the host, by name or by a wildcard. */
export function isFor({ spec, metadata: { namespace = '' } }: DestinationRule, host: string): boolean {
  return spec.host.startsWith('*')
    ? host.endsWith(spec.host.slice(1))
    : fullHost(spec.host, namespace) === host;
}

function homeOf({ metadata: { namespace = '' } }: { metadata: { namespace?: string } }): string {
  return namespace;
}
