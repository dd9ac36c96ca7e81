/** The parts of Gateway API's objects that istiod reads. https://gateway-api.sigs.k8s.io/reference/spec/ */
import type { LabelSelector } from '../../controllers/label-selector.ts';
import type { KubeObject } from '../../storage/types.ts';

export const GATEWAY_API = 'gateway.networking.k8s.io';
/** Who writes the statuses, and whose class a Gateway must be of. */
export const CONTROLLER = 'istio.io/gateway-controller';

export interface Condition {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message: string;
  observedGeneration: number;
  lastTransitionTime: string;
}

export interface RouteKind {
  group?: string;
  kind: string;
}

export interface Listener {
  name: string;
  hostname?: string;
  port: number;
  protocol: string;
  allowedRoutes?: {
    kinds?: RouteKind[];
    namespaces?: {
      from?: 'All' | 'Same' | 'Selector' | 'None';
      selector?: LabelSelector;
    };
  };
}

export interface ListenerStatus {
  name: string;
  attachedRoutes: number;
  supportedKinds: RouteKind[];
  conditions: Condition[];
}

export interface GatewayStatus {
  addresses?: { type: string; value: string }[];
  conditions?: Condition[];
  listeners?: ListenerStatus[];
}

export type K8sGateway = KubeObject<
  { gatewayClassName: string; listeners?: Listener[]; addresses?: { type?: string; value?: string }[] },
  GatewayStatus
>;

export type GatewayClass = KubeObject<{ controllerName: string }, { conditions?: Condition[] }>;

export interface ParentReference {
  group?: string;
  kind?: string;
  namespace?: string;
  name: string;
  sectionName?: string;
  port?: number;
}

export interface BackendReference {
  group?: string;
  kind?: string;
  namespace?: string;
  name: string;
  port?: number;
  weight?: number;
}

interface NameValue {
  name: string;
  value: string;
}

interface TypedNameValue extends NameValue {
  type?: 'Exact' | 'RegularExpression';
}

export interface RouteMatch {
  path?: { type?: 'Exact' | 'PathPrefix' | 'RegularExpression'; value?: string };
  headers?: TypedNameValue[];
  queryParams?: TypedNameValue[];
  method?: string;
}

export interface HeaderFilter {
  set?: NameValue[];
  add?: NameValue[];
  remove?: string[];
}

interface PathModifier {
  type: 'ReplaceFullPath' | 'ReplacePrefixMatch';
  replaceFullPath?: string;
  replacePrefixMatch?: string;
}

export interface RedirectFilter {
  scheme?: string;
  hostname?: string;
  path?: PathModifier;
  port?: number;
  statusCode?: number;
}

export interface RewriteFilter {
  hostname?: string;
  path?: PathModifier;
}

export interface MirrorFilter {
  backendRef: BackendReference;
  percent?: number;
  fraction?: { numerator: number; denominator?: number };
}

export interface RouteFilter {
  type: string;
  requestHeaderModifier?: HeaderFilter;
  responseHeaderModifier?: HeaderFilter;
  requestRedirect?: RedirectFilter;
  urlRewrite?: RewriteFilter;
  requestMirror?: MirrorFilter;
}

export interface RouteRule {
  name?: string;
  matches?: RouteMatch[];
  filters?: RouteFilter[];
  backendRefs?: (BackendReference & { filters?: RouteFilter[] })[];
  timeouts?: { request?: string; backendRequest?: string };
  retry?: { attempts?: number; codes?: number[]; backoff?: string };
}

export interface RouteParentStatus {
  parentRef: ParentReference;
  controllerName: string;
  conditions: Condition[];
}

export type HttpRoute = KubeObject<
  { parentRefs?: ParentReference[]; hostnames?: string[]; rules?: RouteRule[] },
  { parents?: RouteParentStatus[] }
>;

export type ReferenceGrant = KubeObject<{
  from?: { group: string; kind: string; namespace: string }[];
  to?: { group: string; kind: string; name?: string }[];
}>;

/** Everything of Gateway API that istiod follows. */
export interface GatewayApiState {
  gatewayClasses: GatewayClass[];
  gateways: K8sGateway[];
  httpRoutes: HttpRoute[];
  referenceGrants: ReferenceGrant[];
  namespaces: KubeObject[];
}
