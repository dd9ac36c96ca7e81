import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE, type TypeUrl } from '../../xds-types.ts';
import type { Acknowledgement } from '../data-plane.ts';
import { writeDeltaResponse, type DeltaRequest } from './delta-messages.ts';

/** One resource as it is sent, and the names of the resources a proxy will ask for because of it. */
export interface SentResource {
  any: Buffer;
  asksFor: string[];
}

/**
 * Routes of a sidecar's outbound calls by port. istiod sends none: its
 * sidecars have a listener for each port instead.
 */
export const SCOPE_TYPE = 'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration';

export type SentType = TypeUrl | typeof SCOPE_TYPE;

export interface TypePush {
  typeUrl: SentType;
  nonce: string;
  version: string;
  changed: Map<string, SentResource>;
  removed: string[];
}

interface TypeState {
  resources: Map<string, SentResource>;
  /** Nothing before the proxy has asked; clusters and listeners are asked for as a whole. */
  subscribed: 'nothing' | 'all' | Set<string>;
  nonce: string;
  version: string;
  inFlight: { nonce: string; names: string[] }[];
  confirmed: Set<string>;
}

/** What names of one type come from: endpoints from clusters, routes from listeners. */
const PARENTS = new Map<SentType, SentType[]>([
  [ENDPOINT_TYPE, [CLUSTER_TYPE]],
  [ROUTE_TYPE, [LISTENER_TYPE, SCOPE_TYPE]],
]);
const TYPES: readonly SentType[] = [CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, SCOPE_TYPE, ROUTE_TYPE];

/**
 * The server's side of one proxy's delta stream. It keeps the proxy's resources, sends those that the proxy
 * has subscribed to, and reports which it acknowledged or rejected. A proxy that reconnects gets everything
 * again. https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds
 */
export class DeltaStream {
  readonly #types = new Map<SentType, TypeState>();
  readonly #onAcknowledged: (acknowledgement: Omit<Acknowledgement, 'proxyId'>) => void;
  #send: ((message: Buffer) => void) | undefined;

  constructor(onAcknowledged: (acknowledgement: Omit<Acknowledgement, 'proxyId'>) => void) {
    this.#onAcknowledged = onAcknowledged;
    for (const typeUrl of TYPES) {
      this.#types.set(typeUrl, {
        resources: new Map(),
        subscribed: 'nothing',
        nonce: '',
        version: '',
        inFlight: [],
        confirmed: new Set(),
      });
    }
  }

  /** A proxy has connected. Returns what to call when its connection ends. */
  attach(send: (message: Buffer) => void): () => void {
    this.#send = send;
    for (const state of this.#types.values()) {
      state.subscribed = 'nothing';
      state.inFlight = [];
      state.confirmed.clear();
    }
    return () => {
      if (this.#send === send) this.#send = undefined;
    };
  }

  push({ typeUrl, nonce, version, changed, removed }: TypePush): void {
    const state = this.#state(typeUrl);
    for (const [name, resource] of changed) state.resources.set(name, resource);
    for (const name of removed) {
      state.resources.delete(name);
      state.confirmed.delete(name);
    }
    state.nonce = nonce;
    state.version = version;
    const names = [...changed.keys()].filter((name) => isSubscribed(state, name));
    const gone = removed.filter((name) => isSubscribed(state, name));
    if (state.subscribed === 'all' || names.length + gone.length > 0) {
      this.#answer(typeUrl, names, gone);
      if (typeUrl === CLUSTER_TYPE) this.#repeatEndpoints(changed);
      return;
    }
    const expected = this.#expected(typeUrl);
    // The proxy will subscribe: to clusters and listeners always, to others when a pushed resource names
    // them.
    const willAsk = !PARENTS.has(typeUrl) || [...changed.keys()].some((name) => expected.has(name));
    if (!willAsk) this.#confirm(typeUrl, nonce, undefined);
  }

  receive({ typeUrl, subscribe, unsubscribe, nonce, error }: DeltaRequest): void {
    if (!this.#types.has(typeUrl as SentType)) return;
    const type = typeUrl as SentType;
    const state = this.#state(type);
    if (nonce !== '') this.#confirmed(type, nonce, error);
    if (state.subscribed === 'nothing' && !PARENTS.has(type)) {
      state.subscribed = 'all';
      this.#answer(type, [...state.resources.keys()], []);
      return;
    }
    if (state.subscribed === 'all') return;
    const before = state.subscribed === 'nothing' ? new Set<string>() : state.subscribed;
    state.subscribed = before;
    for (const name of unsubscribe) {
      before.delete(name);
      state.confirmed.delete(name);
    }
    for (const name of subscribe) before.add(name);
    const known = subscribe.filter((name) => state.resources.has(name));
    if (known.length > 0) this.#answer(type, known, []);
  }

  /**
   * How many resources the proxy needs and has not confirmed:
   * endpoints of its clusters, routes of its listeners.
   */
  get warming(): number {
    let count = 0;
    for (const typeUrl of PARENTS.keys()) {
      const { confirmed } = this.#state(typeUrl);
      for (const name of this.#expected(typeUrl)) if (!confirmed.has(name)) count += 1;
    }
    return count;
  }

  /**
   * A cluster that changed is a new one to Envoy and waits for its
   * endpoints, but Envoy does not ask twice for one name.
   */
  #repeatEndpoints(clusters: ReadonlyMap<string, SentResource>): void {
    const state = this.#state(ENDPOINT_TYPE);
    const names = [...clusters.values()]
      .flatMap(({ asksFor }) => asksFor)
      .filter((name) => isSubscribed(state, name) && state.resources.has(name));
    if (names.length > 0) this.#answer(ENDPOINT_TYPE, names, []);
  }

  #state(typeUrl: SentType): TypeState {
    const state = this.#types.get(typeUrl);
    if (state === undefined) throw new Error(`unknown type ${typeUrl}`);
    return state;
  }

  #expected(typeUrl: SentType): Set<string> {
    const parents = (PARENTS.get(typeUrl) ?? []).map((parent) => this.#state(parent));
    return new Set(
      parents.flatMap(({ resources }) => [...resources.values()].flatMap(({ asksFor }) => asksFor)),
    );
  }

  #answer(typeUrl: SentType, names: string[], removed: string[]): void {
    const state = this.#state(typeUrl);
    // Not connected, or subscribed before the first push: the next subscription or push calls this again.
    if (this.#send === undefined || state.nonce === '') return;
    state.inFlight.push({ nonce: state.nonce, names });
    const resources = names.flatMap((name): [string, Buffer][] => {
      const resource = state.resources.get(name);
      return resource === undefined ? [] : [[name, resource.any]];
    });
    this.#send(
      writeDeltaResponse({ typeUrl, nonce: state.nonce, version: state.version, resources, removed }),
    );
  }

  #confirmed(typeUrl: SentType, nonce: string, error: string | undefined): void {
    const state = this.#state(typeUrl);
    const at = state.inFlight.findIndex((one) => one.nonce === nonce);
    if (at === -1) return;
    const [answer] = state.inFlight.splice(at, 1);
    for (const name of answer?.names ?? []) state.confirmed.add(name);
    this.#confirm(typeUrl, nonce, error);
  }

  #confirm(typeUrl: SentType, nonce: string, error: string | undefined): void {
    // This side creates the scopes, so nothing waits for them; a rejection counts for the listener that needs
    // them.
    if (typeUrl === SCOPE_TYPE && error === undefined) return;
    this.#onAcknowledged({
      typeUrl: typeUrl === SCOPE_TYPE ? LISTENER_TYPE : typeUrl,
      nonce,
      warming: this.warming,
      ...(error === undefined ? {} : { error }),
    });
  }
}

function isSubscribed({ subscribed }: TypeState, name: string): boolean {
  if (subscribed === 'nothing') return false;
  return subscribed === 'all' || subscribed.has(name);
}
