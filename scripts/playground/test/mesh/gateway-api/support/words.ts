/** The words that the conformance cases are written in. */

export const INFRA = 'gateway-conformance-infra';
export const WEB = 'gateway-conformance-web-backend';
export const APP = 'gateway-conformance-app-backend';

export interface Answer {
  /** The backend that answers; none: no backend does. */
  backend?: string;
  /** Default 200, or 404 without a backend. */
  status?: number;
  /** What the backend was sent. */
  path?: string;
  host?: string;
  sent?: Record<string, string | undefined>;
  /** Headers of the answer. */
  headers?: Record<string, string | undefined>;
  /** Backends that get a copy. */
  copies?: string[];
}

export interface Ask {
  path?: string;
  host?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Headers that the backend answers with. */
  answered?: Record<string, string>;
}

export type Exchange = [Ask, Answer | string | number];

/** A parent's condition: `Accepted=True`, `ResolvedRefs=False BackendNotFound`. */
export interface Said {
  route: string;
  namespace?: string;
  conditions: string[];
}

/** How often each backend answers one of many requests, in percent, or gets a copy of it. */
export interface Share {
  path: string;
  requests: number;
  answers?: Record<string, number>;
  copies?: Record<string, number>;
  /** Which header the backend must have been sent, with its own name. */
  marked?: string;
}

export interface Case {
  /** As the conformance tests of Gateway API name it. */
  name: string;
  objects: object[];
  said?: Said[];
  exchanges?: Exchange[];
  shares?: Share[];
}

export const [V1, V2, V3] = ['infra-backend-v1', 'infra-backend-v2', 'infra-backend-v3'] as const;

export const to = (name: string = V1, more: object = {}) => ({ name, port: 8080, ...more });
export const path = (value: string, more: object = {}, type = 'PathPrefix') => ({
  path: { type, value },
  ...more,
});
export const headers = (wanted: Record<string, string>, more: object = {}) => ({
  headers: Object.entries(wanted).map(([name, value]) => ({ name, value })),
  ...more,
});
export const query = (wanted: Record<string, string>, more: object = {}) => ({
  queryParams: Object.entries(wanted).map(([name, value]) => ({ name, value })),
  ...more,
});

/** One rule: its matches, where it leads, and what else it says. */
export const rule = (matches: object[], backend: string | object[] | undefined, more: object = {}) => ({
  ...(matches.length === 0 ? {} : { matches }),
  ...(backend === undefined ? {} : { backendRefs: typeof backend === 'string' ? [to(backend)] : backend }),
  ...more,
});

export const filter = (type: string, value: object) => {
  const field = type.startsWith('URL')
    ? `url${type.slice(3)}`
    : `${type.charAt(0).toLowerCase()}${type.slice(1)}`;
  return { type, [field]: value };
};
export const redirect = (value: object) => ({ filters: [filter('RequestRedirect', value)] });
export const pairs = (map: Record<string, string>) =>
  Object.entries(map).map(([name, value]) => ({ name, value }));

interface RouteOptions {
  namespace?: string;
  hostnames?: string[];
  parent?: object;
  parents?: object[];
}

export function route(name: string, rules: object[], options: RouteOptions = {}): object {
  const { namespace = INFRA, hostnames, parent = { name: 'same-namespace' }, parents = [parent] } = options;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace },
    spec: { parentRefs: parents, ...(hostnames === undefined ? {} : { hostnames }), rules },
  };
}

export const listener = (name: string, more: object = {}, from: object = { from: 'Same' }) => ({
  ...{ name, port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: from } },
  ...more,
});

export const gateway = (name: string, listeners: object[]): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name, namespace: INFRA },
  spec: { gatewayClassName: 'istio', listeners },
});

export const grant = (
  namespace: string,
  from: { namespace?: string; kind?: string; group?: string },
  to: { name?: string; kind?: string; group?: string },
  name = 'grant',
): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'ReferenceGrant',
  metadata: { name, namespace },
  spec: {
    from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: INFRA, ...from }],
    to: [{ group: '', kind: 'Service', ...to }],
  },
});

export const sameNamespace = gateway('same-namespace', [listener('http')]);
