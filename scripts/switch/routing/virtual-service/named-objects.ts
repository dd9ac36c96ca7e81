/**
 * Finds the VirtualService and the DestinationRule of an app: by the app's name, or by the names in
 * annotations of its Service. Where there is none, the error names the object that routes the host instead,
 * and the way out. A second object beside it would leave undefined which of the two a proxy follows.
 */
import type { Cluster } from '../../../shared/cluster/cluster.ts';
import { CommandError } from '../../../shared/errors.ts';
import { fullHost } from '../../../shared/istio-routes.ts';
import type {
  DestinationRule,
  KubernetesObject,
  Service,
  VirtualService,
} from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import type { Resource } from '../../../shared/resources.ts';
import { annotatedName } from '../annotated-name.ts';
import type { RouteTarget } from '../traffic-routing.ts';
import { routesHost } from './virtual-service.ts';

/** Annotations on the Service: the VirtualService that routes it, the DestinationRule with its subsets. */
export const VIRTUAL_SERVICE_ANNOTATION = 'zero-downtime/virtual-service';
export const DESTINATION_RULE_ANNOTATION = 'zero-downtime/destination-rule';

/** The VirtualService of an app; undefined where there is none. */
export async function namedVirtualService(
  cluster: Cluster,
  app: string,
  service: Service | undefined,
): Promise<VirtualService | undefined> {
  return cluster.get(resources.virtualServices, annotatedName(VIRTUAL_SERVICE_ANNOTATION, app, service));
}

/** The DestinationRule of an app; undefined where there is none. */
export async function namedDestinationRule(
  cluster: Cluster,
  app: string,
  service: Service | undefined,
): Promise<DestinationRule | undefined> {
  return cluster.get(resources.destinationRules, annotatedName(DESTINATION_RULE_ANNOTATION, app, service));
}

export interface Found {
  service: Service | undefined;
  virtualService: VirtualService | undefined;
  destinationRule: DestinationRule | undefined;
}

/** Throws an error that names the missing object and the one that is used instead. */
export async function explainMissing(
  cluster: Cluster,
  app: string,
  { service, virtualService, destinationRule }: Found,
  target: RouteTarget,
): Promise<never> {
  const missing = await Promise.all([
    ...(virtualService ? [] : [lookForRoutes(cluster, target)]),
    ...(destinationRule ? [] : [lookForSubsets(cluster, target)]),
  ]);
  const none = [
    ...(service ? [] : [`Service named ${app}`]),
    ...missing.map(({ kind, annotation }) => `${kind} named ${annotatedName(annotation, app, service)}`),
  ];
  const [last = '', ...others] = none.reverse();
  const first = others
    .reverse()
    .map((text) => (last.endsWith(` ${app}`) ? text.replace(` named ${app}`, '') : text));
  const fact = `${target.namespace} has no ${[...first, last].join(', no ')}`;
  const instead = missing.flatMap((look) => describeOthers(look, target));
  if (instead.length === 0)
    throw new CommandError(
      `${fact}; there is nothing to switch. Apply the sets of istio/cluster.yaml first, or choose with --app and --namespace.`,
    );
  const names = missing.flatMap(({ annotation, others: [one] }) =>
    one?.metadata.namespace === target.namespace ? [`${annotation}=${one.metadata.name}`] : [],
  );
  const step =
    service === undefined || names.length === 0
      ? ''
      : ` To switch with it: kubectl annotate --overwrite -n ${target.namespace} service ${app} ${names.join(' ')}`;
  throw new CommandError(`${fact}, but ${instead.join('; ')}.${step}`);
}

/** The objects that may be used instead of a missing one. */
export interface Look<T extends KubernetesObject = KubernetesObject> {
  kind: string;
  annotation: string;
  does: string;
  /** The other objects, those of the own namespace first. */
  others: T[];
}

/**
 * The object of this namespace to use instead of the missing one; undefined where there is none. Throws where
 * the switch cannot use it.
 */
export function onlyOneOf<T extends KubernetesObject>(look: Look<T>, target: RouteTarget): T | undefined {
  const [first, ...more] = look.others;
  if (first === undefined) return undefined;
  if (more.length === 0 && first.metadata.namespace === target.namespace) return first;
  throw new CommandError(`${describeOthers(look, target).join('; ')}. Nothing was changed.`);
}

export async function lookForRoutes(cluster: Cluster, target: RouteTarget): Promise<Look<VirtualService>> {
  const all = await listEverywhere<VirtualService>(cluster, resources.virtualServices);
  return {
    kind: resources.virtualServices.kind,
    annotation: VIRTUAL_SERVICE_ANNOTATION,
    does: `routes ${target.host}`,
    others: all.filter((one) => routesHost(one, { ...target, namespace: one.metadata.namespace ?? '' })),
  };
}

export async function lookForSubsets(
  cluster: Cluster,
  { host }: RouteTarget,
): Promise<Look<DestinationRule>> {
  const all = await listEverywhere<DestinationRule>(cluster, resources.destinationRules);
  return {
    kind: resources.destinationRules.kind,
    annotation: DESTINATION_RULE_ANNOTATION,
    does: `is for ${host}`,
    others: all.filter(({ metadata: { namespace = '' }, spec }) => fullHost(spec.host, namespace) === host),
  };
}

/** Lists in all namespaces; empty without the right to. */
async function listEverywhere<T extends KubernetesObject>(
  cluster: Cluster,
  resource: Resource,
): Promise<T[]> {
  const all = await cluster.list<T>(resource, { namespace: '*' }).catch((): T[] => []);
  const isOwn = ({ metadata }: T) => metadata.namespace === cluster.namespace;
  return [...all.filter(isOwn), ...all.filter((one) => !isOwn(one))];
}

function describeOthers({ kind, does, others }: Look, { namespace: home }: RouteTarget): string[] {
  const [first, ...more] = others;
  if (first === undefined) return [];
  const show = ({ metadata: { name, namespace = '' } }: KubernetesObject) =>
    namespace === home ? name : `${name} of namespace ${namespace}`;
  if (more.length > 0) return [`each of ${kind} ${others.map(show).join(' and ')} ${does}: keep one of them`];
  const elsewhere =
    first.metadata.namespace === home
      ? ''
      : `, and a switch changes only its own namespace: move it to ${home}`;
  return [`${kind} ${show(first)} ${does}${elsewhere}`];
}
