import { isObject, type JsonObject } from '../../../storage/json.ts';
import type { DefinedType, PrinterColumn, ResourceType, Subresource } from '../resource-type.ts';
import { resourceKey } from '../../../storage/resource-key.ts';
import { invalidValue, required, type FieldError } from '../../status-error.ts';
import type { KubeObject } from '../../../storage/types.ts';
import { sameShape } from '../views.ts';
import { jsonPath } from './json-path.ts';
import { shapeOf } from './openapi-schema.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/ */
interface Spec {
  group: string;
  scope: string;
  names: {
    plural: string;
    singular: string;
    kind: string;
    listKind: string;
    shortNames?: string[];
    categories?: string[];
  };
  versions: Version[];
}

interface Version {
  name: string;
  served?: boolean;
  storage?: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: JsonObject };
  subresources?: {
    status?: object;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: {
    name: string;
    type: string;
    jsonPath: string;
    format?: string;
    description?: string;
    priority?: number;
  }[];
  selectableFields?: { jsonPath: string }[];
}

const specOf = (definition: JsonObject): Spec => definition['spec'] as Spec;

export function defaultDefinition(definition: JsonObject): void {
  const spec = isObject(definition['spec']) ? definition['spec'] : {};
  const names = isObject(spec['names']) ? spec['names'] : {};
  const kind = typeof names['kind'] === 'string' ? names['kind'] : '';
  names['singular'] ??= kind.toLowerCase();
  names['listKind'] ??= `${kind}List`;
  spec['conversion'] ??= { strategy: 'None' };
}

export function validateDefinition(definition: JsonObject): FieldError[] {
  const spec = isObject(definition['spec']) ? definition['spec'] : {};
  const names = isObject(spec['names']) ? spec['names'] : {};
  const metadata = isObject(definition['metadata']) ? definition['metadata'] : {};
  const errors: FieldError[] = [];
  if (metadata['name'] !== `${String(names['plural'])}.${String(spec['group'])}`)
    errors.push(invalidValue('metadata.name', metadata['name'], 'must be spec.names.plural+"."+spec.group'));
  const versions = Array.isArray(spec['versions']) ? (spec['versions'] as Version[]) : [];
  if (versions.filter(({ storage }) => storage === true).length !== 1) {
    errors.push(
      invalidValue('spec.versions', versions, 'must have exactly one version marked as storage version'),
    );
  }
  versions.forEach(({ schema }, index) => {
    if (!isObject(schema?.openAPIV3Schema))
      errors.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, 'schemas are required'));
    else
      errors.push(
        ...embeddedFaults(schema.openAPIV3Schema, `spec.versions[${index}].schema.openAPIV3Schema`),
      );
  });
  if (spec['preserveUnknownFields'] === true) {
    const instead = 'set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalidValue('spec.preserveUnknownFields', true, `cannot set to true, ${instead}`));
  }
  if (spec['scope'] !== 'Namespaced' && spec['scope'] !== 'Cluster') {
    errors.push({
      field: 'spec.scope',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(spec['scope'] ?? '')}: supported values: "Cluster", "Namespaced"`,
    });
  }
  return errors;
}

/** Embedded objects need fields of their own, or leave to have any. */
function embeddedFaults(schema: unknown, path: string): FieldError[] {
  if (!isObject(schema)) return [];
  const { properties, items, additionalProperties } = schema;
  const isBare =
    schema['x-kubernetes-embedded-resource'] === true &&
    schema['x-kubernetes-preserve-unknown-fields'] !== true &&
    !(isObject(properties) && Object.keys(properties).length > 0);
  const message =
    'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
  return [
    ...(isBare ? [required(`${path}.properties`, message)] : []),
    ...Object.entries(isObject(properties) ? properties : {}).flatMap(([name, inner]) =>
      embeddedFaults(inner, `${path}.properties[${name}]`),
    ),
    ...embeddedFaults(items, `${path}.items`),
    ...embeddedFaults(additionalProperties, `${path}.additionalProperties`),
  ];
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/**
 * The resource types a definition brings, the preferred version first.
 * Only one of them is stored, the others show it.
 */
export function definedTypes(definition: KubeObject): ResourceType[] {
  const { group, scope, names, versions } = specOf(definition);
  const storage = versions.find((one) => one.storage === true);
  if (storage === undefined) return [];
  const stored = resourceKey({ group, version: storage.name, plural: names.plural });
  return versions
    .filter(({ served }) => served !== false)
    .sort((a, b) => maturity(b.name) - maturity(a.name))
    .map((version) => ({
      group,
      version: version.name,
      plural: names.plural,
      singular: names.singular,
      kind: names.kind,
      namespaced: scope === 'Namespaced',
      verbs: VERBS,
      shortNames: names.shortNames ?? [],
      categories: names.categories ?? [],
      subresources: subresourcesOf(version, names.kind),
      custom: true,
      unconditionalUpdate: false,
      hasGeneration: true,
      deleteReturnsObject: false,
      defined: definedType(names.kind, version),
      ...(version === storage ? {} : { view: sameShape(stored) }),
    }));
}

/** v2 before v1 before v1beta2 before v1alpha1. */
function maturity(version: string): number {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return -1;
  const stage = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return stage * 1e6 + Number(match[1]) * 1e3 + Number(match[3] ?? 0);
}

function subresourcesOf({ subresources = {} }: Version, kind: string): Subresource[] {
  const verbs = ['get', 'patch', 'update'];
  return [
    ...(subresources.scale === undefined
      ? []
      : [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs }]),
    ...(subresources.status === undefined ? [] : [{ name: 'status', kind, verbs }]),
  ];
}

const AGE = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function definedType(kind: string, version: Version): DefinedType {
  const openApi = version.schema?.openAPIV3Schema ?? {};
  const scale = version.subresources?.scale;
  return {
    schema: shapeOf(kind, openApi),
    openApi,
    columns: (version.additionalPrinterColumns ?? [AGE]).map(columnOf),
    selectableFields: (version.selectableFields ?? []).map((field) => field.jsonPath.replace(/^\./, '')),
    ...(version.deprecated === true && version.deprecationWarning !== undefined
      ? { deprecationWarning: version.deprecationWarning }
      : {}),
    ...(scale === undefined
      ? {}
      : {
          scale: {
            specReplicas: scale.specReplicasPath,
            statusReplicas: scale.statusReplicasPath,
            ...(scale.labelSelectorPath === undefined ? {} : { labelSelector: scale.labelSelectorPath }),
          },
        }),
  };
}

function columnOf(column: NonNullable<Version['additionalPrinterColumns']>[number]): PrinterColumn {
  const find = jsonPath(column.jsonPath);
  return {
    name: column.name,
    type: column.type,
    ...(column.format === undefined ? {} : { format: column.format }),
    description: column.description ?? '',
    priority: column.priority ?? 0,
    cell: (object) => {
      const values = find(object);
      return values.length === 0 ? null : cellText(column.type, values);
    },
  };
}

function cellText(type: string, values: unknown[]): string | number | null {
  const [first] = values;
  if (values.length === 1 && typeof first === 'number' && type !== 'string') return first;
  if (first === null) return null;
  return values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(',');
}

/** `status` of a definition whose types are served. */
export function establishedStatus(definition: KubeObject, now: string): JsonObject {
  const { names, versions } = specOf(definition);
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime: now,
    reason,
    message,
  });
  return {
    acceptedNames: names,
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    storedVersions: versions.filter(({ storage }) => storage === true).map(({ name }) => name),
  };
}

/** Whether the definition has CEL rules. They are not evaluated here, so the writer gets a warning. */
export const hasRules = (definition: JsonObject): boolean =>
  JSON.stringify(definition['spec'] ?? {}).includes('"x-kubernetes-validations"');
