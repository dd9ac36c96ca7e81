import { randomInt } from 'node:crypto';
import { required, type FieldError } from '../status-error.ts';
import type { ResourceType } from './resource-type.ts';

/** No vowels and no look-alikes, as the API server generates names. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const MAX_GENERATED_PREFIX = 58;

/** `web-7d7b8bc5c4-` -> `web-7d7b8bc5c4-vmsc4` */
export function generateName(prefix: string): string {
  let suffix = '';
  for (let i = 0; i < 5; i += 1) suffix += ALPHABET[randomInt(ALPHABET.length)] ?? 'x';
  return prefix.slice(0, MAX_GENERATED_PREFIX) + suffix;
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_RULE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/** RBAC names are path segments: `system:node` is one. */
const FREE_NAMES = new Set(['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings']);

const nameError = (name: string, rule: string): FieldError => ({
  field: 'metadata.name',
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(name)}: ${rule}`,
});

export function validateName(type: Pick<ResourceType, 'plural'>, name: string): FieldError[] {
  if (name === '') return [required('metadata.name', 'name or generateName is required')];
  if (FREE_NAMES.has(type.plural)) {
    return /[/%]/.test(name) || name === '.' || name === '..' ? [nameError(name, "may not contain '/'")] : [];
  }
  if (type.plural === 'services') {
    if (name.length > 63) return [nameError(name, 'must be no more than 63 bytes')];
    return LABEL_1035.test(name) ? [] : [nameError(name, LABEL_1035_RULE)];
  }
  if (type.plural === 'namespaces') {
    if (name.length > 63) return [nameError(name, 'must be no more than 63 bytes')];
    return LABEL.test(name) ? [] : [nameError(name, LABEL_RULE)];
  }
  if (name.length > 253) return [nameError(name, 'must be no more than 253 bytes')];
  return SUBDOMAIN.test(name) ? [] : [nameError(name, SUBDOMAIN_RULE)];
}

const QUALIFIED_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

export function isQualifiedName(key: string): boolean {
  const parts = key.split('/');
  if (parts.length > 2) return false;
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (prefix !== undefined && !SUBDOMAIN.test(prefix)) return false;
  return name.length <= 63 && QUALIFIED_PART.test(name);
}

const invalidAt = (field: string, value: string, rule: string): FieldError => ({
  field,
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(value)}: ${rule}`,
});

/** An RFC 1123 label: what names a container or a volume. */
export function validateLabelName(name: string, field: string): FieldError[] {
  const isSubdomain = SUBDOMAIN.test(name);
  return [
    ...(name.length > 63 ? [invalidAt(field, name, 'must be no more than 63 bytes')] : []),
    ...(LABEL.test(name) ? [] : [invalidAt(field, name, isSubdomain ? 'must not contain dots' : LABEL_RULE)]),
  ];
}

const CONFIG_KEY_RULE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** Keys of a ConfigMap or a Secret are names of files where it is mounted. */
export function validateConfigKeys(entries: unknown, field: string): FieldError[] {
  return Object.keys(entries ?? {}).flatMap((key) => {
    const at = (rule: string): FieldError => invalidAt(`${field}[${key}]`, key, rule);
    return [
      ...(Buffer.byteLength(key) > 253 ? [at('must be no more than 253 bytes')] : []),
      ...(/^[-._a-zA-Z0-9]+$/.test(key) ? [] : [at(CONFIG_KEY_RULE)]),
      ...(key === '.' || key === '..' ? [at(`must not be '${key}'`)] : []),
      ...(key !== '..' && key.startsWith('..') ? [at("must not start with '..'")] : []),
    ];
  });
}

export function validateLabels(labels: Record<string, string> | undefined, field: string): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...(isQualifiedName(key) ? [] : [invalidAt(field, key, KEY_RULE)]),
    ...(value.length > 63 ? [invalidAt(field, value, 'must be no more than 63 bytes')] : []),
    ...(LABEL_VALUE.test(value) ? [] : [invalidAt(field, value, LABEL_VALUE_RULE)]),
  ]);
}

export function validateAnnotations(annotations: Record<string, string> | undefined): FieldError[] {
  return Object.keys(annotations ?? {}).flatMap((key) =>
    isQualifiedName(key.toLowerCase()) ? [] : [invalidAt('metadata.annotations', key, KEY_RULE)],
  );
}
