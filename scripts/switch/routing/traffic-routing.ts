/**
 * Traffic routing: which versions the proxies have, which of them serve, what to write, and how to read a
 * proxy's answers. It is a value made of the objects as last read or written. Steps use this interface and do
 * not know the kinds of objects behind it.
 */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { apiVersionOf } from '../../shared/resources.ts';
import type { Resource } from '../../shared/resources.ts';
import type { Change } from '../changes/change.ts';
import type { Verdict } from './verdict.ts';

/** The routed service by its name at proxies, and the namespace in which short host names resolve. */
export interface RouteTarget {
  host: string;
  namespace: string;
}

export interface LiveVersion {
  /** '' for all versions at once. */
  subset: string;
  weight: number;
}

export interface SeenObject {
  resource: Resource;
  object: KubernetesObject;
  /** True: the object is deleted, and this was its last state. */
  gone?: boolean;
}

/** Adds the kind to an object: the members of a list come without it. */
export function seenAs(resource: Resource, object: KubernetesObject): SeenObject {
  return { resource, object: { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind } };
}

/** A question to every proxy, and how to read the answers. */
export interface Question<Expected = undefined> {
  /** Paths of the admin port, requested in this order. */
  paths: readonly string[];
  /** Removes from a long answer what cannot concern the service. Unreadable parts stay. */
  shorten?: ((answer: Buffer) => string) | undefined;
  /** For long answers: a shorter question, which can disprove a claim but never prove it. */
  narrow?: Narrow;
  /** The object whose revision every istiod must have; undefined where istiods do not show it. */
  written: KubernetesObject | undefined;
  /** Reads the answers. An unreadable answer is unproven, and the verdict says what was unreadable. */
  read(answers: readonly unknown[], proxy: { namespace: string }, expected: Expected): Verdict;
}

/** A part of a question, limited to the names under which the service was seen. */
export interface Narrow {
  /** The names in these answers that concern the service. */
  namesIn(answers: readonly unknown[]): string[];
  /** The paths that ask for these names only. */
  paths(names: readonly string[]): string[];
}

export interface Move {
  from: string;
  to: string;
  /** The percentage that `to` gets of the traffic of both; 100 removes `from` from the routes. */
  share: number;
  /** Written into each changed route, so that each proxy shows whether it has this revision. */
  marker: string;
  /**
   * Move only routes that the switch with this marker has moved: those with it, and `routes`. Default: all.
   */
  onlyMarked?: string;
  /** The routes that this switch may move. One that names `to` already gets the marker too. */
  routes?: readonly RouteId[] | undefined;
}

/** Identifies a route, whatever its marker. */
export interface RouteId {
  /** The position among all routes of its object. */
  index: number;
  /** The name that its author gave it; empty where there is none. */
  name: string;
  /** Its author's weights; null: none is written. Absent for a single destination without a weight. */
  weights?: readonly (number | null)[];
}

/** What the preflight passes to the checks of the routing. */
export interface RoutingLook {
  cluster: Cluster;
  app: string;
  namespace: string;
  from: string;
  to: string;
  continued: boolean;
  signal: AbortSignal;
}

export interface TrafficRouting {
  readonly target: RouteTarget;
  /** The objects that a switch changes. */
  readonly objects: readonly SeenObject[];
  /** The object in which versions are added and removed; `routesName`: the object with the routes. */
  readonly versionsName: { kind: string; name: string };
  readonly routesName: { kind: string; name: string };
  /** What is added and removed for a version. */
  readonly unit: 'subset' | 'Service';
  /** The name of this in messages: `subset v2`. */
  nameOf(version: string): string;
  /** The message for a version that a route names and proxies do not have. */
  describeUnknown(version: string): string;
  /** The way out when the main route names no version. */
  readonly howToName: string;
  /** The oldest Istio whose proxies can give the proofs. Default: the oldest for every switch. */
  readonly leastIstio?: readonly [number, number];
  /** The service's possible names at proxies. */
  readonly hosts: readonly string[];
  /** Why the controller refuses the live object; undefined where it does not say so. */
  refusal(live: SeenObject): string | undefined;
  /** The same routing with these written objects instead of the older ones. */
  with(written: readonly SeenObject[]): TrafficRouting;

  /** The revision of the versions that every proxy was proven to have; undefined where unknown. */
  readonly proven: string | undefined;
  /**
   * The barrier: what only this revision of the versions has. Undefined where no older one can still arrive.
   */
  readonly barrier: string | undefined;
  /** The same routing after proof A or "gone": every proxy has this revision. */
  asProven(): TrafficRouting;
  /** The same routing with a proven revision from elsewhere, such as the record. */
  knowing(proven: string | undefined): TrafficRouting;

  /** The versions that serve, largest share first. */
  live(): LiveVersion[];
  /** The percentage that `to` gets of the traffic that the main route gives to both. */
  shareOf(from: string, to: string): number;
  /** The current share of the switch with this marker; undefined where it has none. */
  shareAt(marker: string): number | undefined;
  /** Every version to which a route gives requests; '' stands for all versions at once. */
  receivers(): Set<string>;
  /** Every version that is added for the proxies, in the order of its object. */
  versions(): string[];
  /** Whether the version is added for the proxies. */
  has(version: string): boolean;
  /** Whether any route or mirror names the version. */
  names(version: string): boolean;
  /** The routes that name the version: those that a switch away from it has to move. */
  routesOf(version: string): RouteId[];
  /** The version of pods with these labels; undefined when they have none. */
  versionOf(labels: Readonly<Record<string, string>>): string | undefined;
  /** The version that a proxy's cluster leads to; undefined where it leads to several, or elsewhere. */
  versionOfCluster(name: string): string | undefined;
  /** The labels that select the pods of a version. */
  labelsOf(version: string): Record<string, string>;
  /** The labels that will select the pods of a version when it is added as a copy of the model. */
  labelsLike(version: string, model: string): Record<string, string>;
  /** Refuses objects that could send traffic past the switch; returns notes on other authors' objects. */
  verify(look: RoutingLook): Promise<string[]>;
  /** Notes on the app's own objects. */
  remarks(look: Pick<RoutingLook, 'from' | 'to'>): string[];
  /** The longest time for which a route delays a request, in milliseconds. */
  longestDelayMs(): number;
  /** The resulting shares in routes that divide their traffic further. */
  describeShares(plan: Omit<Move, 'share'> & { shares: readonly number[] }): string[];

  /**
   * The changes that add a version. They include a barrier unless every proxy has the present revision.
   * @param marker of the run, which makes the name of its barrier unique
   */
  add(version: string, model: string, marker: string): Change[];
  remove(version: string): Change[];
  removeBarrier(): Change[];
  move(move: Move): Change[];
  /**
   * The changes that give routes with one of these markers their author's names and the weights in `routes`.
   */
  restoreNames(markers: readonly string[], routes: readonly RouteId[] | undefined): Change[];

  /** A: the version's cluster is active, its healthy endpoints are the ready pods' addresses (`Expected`). */
  reachable(version: string): Question<ReadonlySet<string>>;
  /** B: the proxy has this revision of the routes; after a move of 100 % none names the leaving version. */
  routed(move: Move): Question;
  /** The proxy does not have the version any more. */
  gone(version: string): Question;
}
