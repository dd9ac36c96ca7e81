import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What the API says of its own fields (`kubectl explain`), read from the type declarations of the package
 * `kubernetes-models`, which are generated from that API. Without the package there are no descriptions.
 */

export interface TypeDescription {
  description: string | undefined;
  /** `io.k8s.api.apps.v1.Deployment` */
  fullName: string;
  required: Set<string>;
  fields: Map<string, FieldDescription>;
}

export interface FieldDescription {
  description: string | undefined;
  /** The only values there are. */
  values: string[];
}

const PACKAGES = ['kubernetes-models', '@kubernetes-models/apimachinery'];

/** Our names of types that share theirs with another group. */
const RENAMED: Record<string, string> = {
  ApiextensionsV1ServiceReference: 'ServiceReference',
  ApiextensionsV1WebhookClientConfig: 'WebhookClientConfig',
  AuthenticationTokenRequest: 'TokenRequest',
  DiscoveryEndpointPort: 'EndpointPort',
  EventsEvent: 'Event',
  EventsEventSeries: 'EventSeries',
  RbacV1Subject: 'Subject',
};

const GROUP_OF: Record<string, string> = {
  ApiextensionsV1ServiceReference: 'apiextensions.k8s.io',
  ApiextensionsV1WebhookClientConfig: 'apiextensions.k8s.io',
  AuthenticationTokenRequest: 'authentication.k8s.io',
  DiscoveryEndpointPort: 'discovery.k8s.io',
  EventsEvent: 'events.k8s.io',
  EventsEventSeries: 'events.k8s.io',
  RbacV1Subject: 'rbac.authorization.k8s.io',
};

export const plainName = (name: string): string => RENAMED[name] ?? name.replace(/^V2/, '');

let index: Map<string, string[]> | undefined;

/** Type name -> the files that declare it. */
function files(): Map<string, string[]> {
  if (index !== undefined) return index;
  index = new Map();
  for (const name of PACKAGES) {
    const root = rootOf(name);
    if (root !== undefined) collect(root, index);
  }
  return index;
}

function rootOf(name: string): string | undefined {
  const root = fileURLToPath(new URL(`../../../../../node_modules/${name}`, import.meta.url));
  return existsSync(root) ? root : undefined;
}

function collect(folder: string, into: Map<string, string[]>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith('_')) collect(file, into);
    } else if (/^[A-Z]\w*\.d\.ts$/.test(entry.name)) {
      const type = entry.name.slice(0, -'.d.ts'.length);
      into.set(type, [...(into.get(type) ?? []), file]);
    }
  }
}

/**
 * The declaration that fits a type seen from a group: its own group's, else the core's, else any stable one.
 */
function fileOf(name: string, group: string, version: string): string | undefined {
  const found = files().get(plainName(name)) ?? [];
  const home = GROUP_OF[name] ?? group;
  const inFolder = (folder: string) => found.find((file) => path.dirname(file).endsWith(folder));
  return (
    inFolder(`kubernetes-models/${home === '' ? '' : `${home}/`}${name.startsWith('V2') ? 'v2' : version}`) ??
    inFolder('kubernetes-models/v1') ??
    inFolder('meta/v1') ??
    found.find((file) => /\/v\d+$/.test(path.dirname(file)))
  );
}

/** `…/apps/v1/Deployment.d.ts` -> io.k8s.api.apps.v1.Deployment */
function fullNameOf(file: string, name: string): string {
  const folder = path.dirname(file);
  if (folder.includes('apimachinery')) {
    const inside = folder.slice(folder.indexOf('apimachinery') + 'apimachinery/'.length).split(path.sep);
    return `io.k8s.apimachinery.pkg.${inside.join('.')}.${plainName(name)}`;
  }
  const inside = folder
    .slice(folder.indexOf('kubernetes-models') + 'kubernetes-models/'.length)
    .split(path.sep);
  const [group, version] =
    inside.length === 1 ? ['core', inside[0]] : [(inside[0] ?? '').split('.')[0], inside[1]];
  return `io.k8s.api.${group ?? ''}.${version ?? ''}.${plainName(name)}`;
}

const described = new Map<string, TypeDescription>();

/** @param name a type of `registry/schema/kubernetes-types.ts`, seen from a group and version */
export function describeType(name: string, group: string, version: string): TypeDescription {
  const file = fileOf(name, group, version);
  const key = file ?? name;
  let known = described.get(key);
  if (known === undefined) {
    known = file === undefined ? undescribed(name) : read(file, name);
    described.set(key, known);
  }
  return known;
}

const undescribed = (name: string): TypeDescription => ({
  description: undefined,
  fullName: plainName(name),
  required: new Set(),
  fields: new Map(),
});

const FIELD = /(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*)?"([\w$-]+)"(\??): ([^\n]*);(?=\n|$)/g;

function read(file: string, name: string): TypeDescription {
  const text = readFileSync(file, 'utf8');
  const result: TypeDescription = { ...undescribed(name), fullName: fullNameOf(file, name) };
  const declared = new RegExp(
    `(?:/\\*\\*((?:[^*]|\\*(?!/))*)\\*/\\s*)?export interface I${plainName(name)} (?:extends [^{]*)?\\{([\\s\\S]*?)\\n\\}`,
  ).exec(text);
  if (declared === null) return result;
  result.description = plainText(declared[1]);
  for (const [, comment, field = '', optional, type = ''] of (declared[2] ?? '').matchAll(FIELD)) {
    if (optional === '') result.required.add(field);
    const values = /^"[^"]*"( \| "[^"]*")*$/.test(type)
      ? type.split(' | ').map((one) => one.slice(1, -1))
      : [];
    result.fields.set(field, { description: plainText(comment), values });
  }
  return result;
}

/** A documentation comment without its stars. */
function plainText(comment: string | undefined): string | undefined {
  if (comment === undefined) return undefined;
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replaceAll('*\\/', '*/')
    .trim();
}
