import type { JsonObject } from '../../storage/json.ts';
import type { KubeObject, ResourceKey } from '../../storage/types.ts';
import type { Struct } from './schema/types.ts';

/** One resource type the server knows, as discovery describes it. */
export interface ResourceType {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
  shortNames: string[];
  categories: string[];
  subresources: Subresource[];
  /** A custom resource: no strategic merge patch, PUT needs a resourceVersion, unknown fields are pruned. */
  custom: boolean;
  /** PUT without a resourceVersion overwrites (most built-in types; not Lease nor custom resources). */
  unconditionalUpdate: boolean;
  /** The API server keeps `metadata.generation` for it. */
  hasGeneration: boolean;
  /** Answers a DELETE with the object instead of a Status. */
  deleteReturnsObject: boolean;
  /** Stored under another type; this one only looks different. */
  view?: View;
  /** Types that a CustomResourceDefinition brought: everything the server knows of them. */
  defined?: DefinedType;
  /** Why objects of this type cannot be made here. */
  refusal?: string;
}

/** What a version of a CustomResourceDefinition says about its objects. */
export interface DefinedType {
  schema: Struct;
  /** `openAPIV3Schema` as it was given. */
  openApi: Record<string, unknown>;
  columns: PrinterColumn[];
  /** Where `scale` finds its numbers: `.spec.replicas`. */
  scale?: { specReplicas: string; statusReplicas: string; labelSelector?: string };
  selectableFields: string[];
  deprecationWarning?: string;
}

export interface PrinterColumn {
  name: string;
  type: string;
  format?: string;
  description?: string;
  /** 0: always shown; 1: with -o wide. */
  priority?: number;
  cell: (object: KubeObject) => string | number | null;
}

export interface Subresource {
  name: string;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
}

/**
 * Another version (or group) of a resource that is stored once: how it
 * looks there, and how to read it from there. `kind` is taken care of.
 */
export interface View {
  storage: ResourceKey;
  /** From the stored form, with its metadata. */
  show(stored: KubeObject): JsonObject;
  /** To the stored form, with its metadata. */
  take(given: JsonObject): JsonObject;
}
