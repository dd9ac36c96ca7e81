/**
 * Reads an object's managedFields: who wrote which fields.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
import type { KubernetesObject } from '../../shared/kubernetes.ts';

export interface FieldEntry {
  manager?: string;
  operation?: string;
  /** RFC 3339, in whole seconds. */
  time?: string;
  subresource?: string;
  fieldsV1?: { 'f:spec'?: Record<string, unknown> };
}

export function fieldEntries({ metadata }: KubernetesObject): FieldEntry[] {
  const { managedFields } = metadata;
  return Array.isArray(managedFields) ? (managedFields as FieldEntry[]) : [];
}

/** @param field of `spec`; default: any */
export function ownsSpec({ fieldsV1 }: FieldEntry, field?: string): boolean {
  const spec = fieldsV1?.['f:spec'];
  return spec !== undefined && (field === undefined || `f:${field}` in spec);
}

/**
 * The last writer of these fields of `spec`; undefined where there is none on record.
 * @param own the field manager to leave out
 */
export function lastWriter(
  object: KubernetesObject,
  fields: readonly string[],
  own: string,
): FieldEntry | undefined {
  const others = fieldEntries(object).filter(
    ({ manager = '', subresource = '' }) => manager !== '' && manager !== own && subresource === '',
  );
  const owners = others.filter((entry) => fields.some((field) => ownsSpec(entry, field)));
  // A removed field has no owner: then any other writer counts.
  return (owners.length > 0 ? owners : others).toSorted((a, b) => timeOf(a) - timeOf(b)).at(-1);
}

const timeOf = ({ time = '' }: FieldEntry) => Date.parse(time) || 0;
