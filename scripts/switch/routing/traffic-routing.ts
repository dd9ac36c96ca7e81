/**
 * Where traffic is decided: which versions the proxies are told of, which of them serve, what must change,
 * and how a proxy's answers read. A value: the objects as they were last read or written. Steps know this,
 * and not of which objects it is made.
 */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { apiVersionOf } from '../../shared/resources.ts';
import type { Resource } from '../../shared/resources.ts';
import type { Change } from '../changes/change.ts';
import type { Verdict } from './verdict.ts';

/** The service whose routes are meant, as proxies name it, and the namespace short host names belong to. */
export interface RouteTarget {
  host: string;
  namespace: string;
}

export interface LiveVersion {
  /** Empty for all versions at once. */
  subset: string;
  weight: number;
}

export interface SeenObject {
  resource: Resource;
  object: KubernetesObject;
  /** It was deleted: so it was before. */
  gone?: boolean;
}

/** Members of a list come without their kind. */
export function seenAs(resource: Resource, object: KubernetesObject): SeenObject {
  return { resource, object: { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind } };
}

/** What is asked of every proxy, and how its answers read. */
export interface Question<Expected = undefined> {
  /** Asked in this order, on the admin port. */
  paths: readonly string[];
  /** Leaves out of a long answer what cannot concern the service. What is unreadable stays. */
  shorten?: ((answer: Buffer) => string) | undefined;
  /** Where the answers are long: a shorter question that can disprove, and never proves. */
  narrow?: Narrow;
  /** What every istiod must have seen, in this very revision; undefined where istiods do not show it. */
  written: KubernetesObject | undefined;
  /** An answer that cannot be read is not proven, and says what could not be read. */
  read(answers: readonly unknown[], proxy: { namespace: string }, expected: Expected): Verdict;
}

/** A part of what is asked of a proxy, by the names of what was seen to hold the service. */
export interface Narrow {
  /** What in these answers has to do with the service. */
  namesIn(answers: readonly unknown[]): string[];
  /** The question about these names alone. */
  paths(names: readonly string[]): string[];
}

export interface Move {
  from: string;
  to: string;
  /** Percent of what both serve together that `to` gets; 100 takes `from` out of the routes. */
  share: number;
  /** Goes into every route that changes, so that each proxy can show that it has this very revision. */
  marker: string;
  /** Only routes that the switch with this marker has moved: those with it, and `routes`. Default: all. */
  onlyMarked?: string;
  /** The routes that are this switch's to move. One that names `to` already gets the marker as well. */
  routes?: readonly RouteId[] | undefined;
}

/** How a route is known again, whatever marker it bears meanwhile. */
export interface RouteId {
  /** Among all routes of its object. */
  index: number;
  /** Its author's name for it; empty where it has none. */
  name: string;
  /** Its author's weights; null: none is written. Absent where it has one destination without any. */
  weights?: readonly (number | null)[];
}

/** What preflight knows when it looks at the routing. */
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
  /** Those that a switch changes. */
  readonly objects: readonly SeenObject[];
  /** Of the object where versions are added and removed, and of the one that holds the routes. */
  readonly versionsName: { kind: string; name: string };
  readonly routesName: { kind: string; name: string };
  /** As what a version is added and removed. */
  readonly unit: 'subset' | 'Service';
  /** The version in words, where it is added and removed: `subset v2`. */
  nameOf(version: string): string;
  /** What to say of a version that a route names and proxies do not know. */
  describeUnknown(version: string): string;
  /** How to give the main route a version, where it names none. */
  readonly howToName: string;
  /** What its proofs need: where it is older the switch refuses. Default: what every switch needs. */
  readonly leastIstio?: readonly [number, number];
  /** The names under which proxies may have clusters of the service. */
  readonly hosts: readonly string[];
  /** Why an object as it stands now is refused by who is to follow it; undefined where nobody says so. */
  refusal(live: SeenObject): string | undefined;
  /** The same with these objects, as they were written, in the place of the older ones. */
  with(written: readonly SeenObject[]): TrafficRouting;

  /** The revision of the versions that every proxy has been proven to have, where that is known. */
  readonly proven: string | undefined;
  /** What only this revision of the versions has, while nothing older may be on its way to a proxy. */
  readonly barrier: string | undefined;
  /** The same when A, or "gone", was proven of it: this revision is known to be everywhere then. */
  asProven(): TrafficRouting;
  /** The same, where it is known from elsewhere which revision every proxy was proven to have. */
  knowing(proven: string | undefined): TrafficRouting;

  /** Who serves, heaviest first. */
  live(): LiveVersion[];
  /** What `to` gets of the traffic that the main route gives to both, in percent. */
  shareOf(from: string, to: string): number;
  /** The share at which the switch with this marker stands; undefined where it is at none. */
  shareAt(marker: string): number | undefined;
  /** Every version that a route gives requests to; empty for all versions at once. */
  receivers(): Set<string>;
  /** Every version that the proxies are told of, in the order of the object that tells them. */
  versions(): string[];
  /** Whether the proxies are told of the version. */
  has(version: string): boolean;
  /** Whether any route or mirror names the version. */
  names(version: string): boolean;
  /** The routes that name the version: what a switch away from it has to move. */
  routesOf(version: string): RouteId[];
  /** The version of pods with these labels; undefined when they are of none. */
  versionOf(labels: Readonly<Record<string, string>>): string | undefined;
  /** The version that a proxy's cluster leads to; undefined where it leads to several, or elsewhere. */
  versionOfCluster(name: string): string | undefined;
  /** What tells the pods of a version from others. */
  labelsOf(version: string): Record<string, string>;
  /** What would tell the pods of a version from others, once it is added like the model. */
  labelsLike(version: string, model: string): Record<string, string>;
  /** Refuses what could send traffic past the switch; gives what is worth knowing of others' objects. */
  verify(look: RoutingLook): Promise<string[]>;
  /** What is worth knowing of our own. */
  remarks(look: Pick<RoutingLook, 'from' | 'to'>): string[];
  /** How long a route holds a request back at most, in milliseconds. */
  longestDelayMs(): number;
  /** What each share comes to where routes divide their traffic further. */
  describeShares(plan: Omit<Move, 'share'> & { shares: readonly number[] }): string[];

  /**
   * Written on what is not known to be everywhere, versions come and go with a barrier.
   * @param marker of the run, by which its barriers have names of their own
   */
  add(version: string, model: string, marker: string): Change[];
  remove(version: string): Change[];
  removeBarrier(): Change[];
  move(move: Move): Change[];
  /**
   * Routes with one of these markers get their authors' names again, and the weights that `routes` remembers.
   */
  restoreNames(markers: readonly string[], routes: readonly RouteId[] | undefined): Change[];

  /** A: the version's cluster is active, its healthy endpoints are the ready pods' addresses (`Expected`). */
  reachable(version: string): Question<ReadonlySet<string>>;
  /** B: this revision of the routes is loaded; after a whole move none names the version that was left. */
  routed(move: Move): Question;
  /** The proxy has forgotten the version. */
  gone(version: string): Question;
}
