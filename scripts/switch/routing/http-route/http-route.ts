/**
 * The parts of an HTTPRoute that a switch reads.
 * https://gateway-api.sigs.k8s.io/reference/api-spec/main/spec/
 */
import type { KubernetesObject } from '../../../shared/kubernetes.ts';

export interface ObjectReference {
  group?: string;
  kind?: string;
  name: string;
  namespace?: string;
  port?: number;
}

export interface ParentReference extends ObjectReference {
  sectionName?: string;
}

export interface BackendReference extends ObjectReference {
  /** Default 1. */
  weight?: number;
  filters?: unknown[];
  [field: string]: unknown;
}

export interface RouteFilter {
  type?: string;
  requestMirror?: { backendRef: ObjectReference; [field: string]: unknown };
  [field: string]: unknown;
}

export interface Rule {
  name?: string;
  matches?: unknown[];
  filters?: RouteFilter[];
  backendRefs?: BackendReference[];
  [field: string]: unknown;
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
}

export interface HTTPRoute extends KubernetesObject {
  spec: {
    parentRefs?: ParentReference[];
    hostnames?: string[];
    rules?: Rule[];
    [field: string]: unknown;
  };
  status?: {
    parents?: { controllerName?: string; parentRef?: ParentReference; conditions?: Condition[] }[];
  };
}

/** Whether the reference is to a Service, which is the default of a backend without group and kind. */
export function isService({ group = '', kind = 'Service' }: ObjectReference): boolean {
  return group === '' && kind === 'Service';
}
