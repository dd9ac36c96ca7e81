/** The kinds of the agreement, each seen as flat fields: what every way of writing can set one by one. */

export type Json = Record<string, unknown>;
export type KindName = 'ConfigMap' | 'Secret' | 'Service' | 'Deployment';

/** `labels KEY`, `annotations KEY` or `fields KEY` -> value. */
export type Content = Map<string, string>;
/** The same; null removes. */
export type Changes = Map<string, string | null>;

interface Kind {
  apiVersion: string;
  plural: string;
  /** What every object of the kind holds besides its fields. */
  base: (name: string) => Json;
  /** Where a field lies in the object. */
  path: (field: string) => string[];
  toJson: (text: string) => unknown;
  toText: (value: unknown) => string;
  /** The fields that are always there, with the values to choose from; undefined: any fields, of any text. */
  always?: Record<string, readonly string[]>;
}

const asIs = { toJson: (text: string): unknown => text, toText: String };
const asNumber = {
  toJson: (text: string): unknown => (/^\d+$/.test(text) ? Number(text) : text),
  toText: String,
};

export const kinds: Record<KindName, Kind> = {
  ConfigMap: {
    ...asIs,
    apiVersion: 'v1',
    plural: 'configmaps',
    base: () => ({}),
    path: (field) => ['data', field],
  },
  Secret: {
    apiVersion: 'v1',
    plural: 'secrets',
    base: () => ({}),
    path: (field) => ['data', field],
    toJson: (text) => Buffer.from(text).toString('base64'),
    toText: (value) => Buffer.from(String(value), 'base64').toString(),
  },
  Service: {
    ...asIs,
    apiVersion: 'v1',
    plural: 'services',
    base: (name) => ({
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    }),
    path: (field) => ['spec', field],
    always: { internalTrafficPolicy: ['Cluster', 'Local'] },
  },
  Deployment: {
    ...asNumber,
    apiVersion: 'apps/v1',
    plural: 'deployments',
    // Paused: what it asks for is held, and no pod is made for it.
    base: (name) => ({
      spec: {
        paused: true,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app' }] } },
      },
    }),
    path: (field) => [
      'spec',
      ...(field === 'image' ? ['template', 'spec', 'containers', '0', 'image'] : [field]),
    ],
    always: {
      replicas: ['0', '1', '2', '3'],
      minReadySeconds: ['1', '2', '3'],
      revisionHistoryLimit: ['0', '1', '5'],
      image: ['shop:1', 'shop:2'],
    },
  },
};

export const kindNames = Object.keys(kinds) as KindName[];

const pathOf = (kind: KindName, leaf: string): string[] => {
  const [group = '', key = ''] = leaf.split(' ');
  return group === 'fields' ? kinds[kind].path(key) : ['metadata', group, key];
};

/** Where a leaf lies, as a JSON patch names it. */
export const pointerOf = (kind: KindName, leaf: string): string =>
  pathOf(kind, leaf)
    .map((word) => `/${word.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');

export const jsonOf = (kind: KindName, leaf: string, text: string): unknown =>
  leaf.startsWith('fields ') ? kinds[kind].toJson(text) : text;

/** A whole object with this content, as a client sends it. */
export function objectOf(kind: KindName, name: string, content: Content): Json {
  const { apiVersion, base } = kinds[kind];
  return put(kind, { apiVersion, kind, metadata: { name }, ...structuredClone(base(name)) }, content);
}

/** A merge patch, and as well a strategic one: lists of one item are given whole. */
export const patchOf = (kind: KindName, changes: Changes): Json => put(kind, {}, changes);

function put(kind: KindName, object: Json, leaves: Changes): Json {
  for (const [leaf, text] of leaves)
    setAt(object, pathOf(kind, leaf), text === null ? null : jsonOf(kind, leaf, text));
  return object;
}

function setAt(object: Json, [key = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) object[key] = value;
  // The only list: containers, of which there is one.
  else if (rest[0] === '0')
    setAt(((object[key] ??= [{ name: 'app' }]) as Json[])[0] ?? {}, rest.slice(1), value);
  else setAt((object[key] ??= {}) as Json, rest, value);
}

/** What kubectl and the deployment controller keep for themselves. */
const OF_TOOLS = /^annotations (kubectl|deployment)\.kubernetes\.io\//;

/** The content of an object as a reader got it. */
export function contentOf(kind: KindName, object: Json): Content {
  const metadata = object['metadata'] as Record<string, Record<string, string> | undefined>;
  const { always, path, toText } = kinds[kind];
  const names = Object.keys(always ?? (object['data'] as Json | undefined) ?? {});
  const found = [
    ...['labels', 'annotations'].flatMap((group) =>
      Object.entries(metadata[group] ?? {}).map(([key, text]) => [`${group} ${key}`, text] as const),
    ),
    ...names.map((field) => [`fields ${field}`, toText(getAt(object, path(field)))] as const),
  ];
  return new Map(found.filter(([leaf]) => !OF_TOOLS.test(leaf)));
}

const getAt = (object: unknown, path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Json | undefined)?.[key], object);
