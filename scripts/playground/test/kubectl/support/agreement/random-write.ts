/**
 * Which write comes next: mostly one that can succeed, sometimes one
 * that must be refused, sometimes a dry run.
 */
import type { Chance } from './chance.ts';
import { kindNames, kinds, type Changes, type Content, type KindName } from './kinds.ts';
import type { Model } from './model.ts';
import type { Write } from './writes.ts';

/**
 * Objects are applied in one way each, by `kubectl apply` (a) or by the server (s): kubectl takes ownership
 * over from the one to the other, which is another story. Those of helm's releases (r) are there when helm
 * made them. All other writes go to all of them.
 */
export const ownNames = ['a0', 'a1', 's0', 's1', 's2'];
export const releaseNames = ['r0', 'r1', 'r2'];

const MANAGERS = ['one', 'two', 'three'];
const KEYS = {
  labels: ['tier', 'example.com/team'],
  annotations: ['note', 'example.com/by'],
  fields: ['k0', 'k1', 'k2', 'k3'],
};
/** Few, so that two writers often mean the same. */
const VALUES = ['v0', 'v1', 'v2', 'v3'];

type Writer = 'client-node' | 'kubectl';

export function randomWrite(chance: Chance, model: Model, by: Writer): Write {
  const kind = chance.of(kindNames);
  const name = randomName(chance, model, kind);
  const to = { kind, name, ...(chance.percent(5) ? { dryRun: true } : {}) };
  const current = model.contentOf(kind, name);
  const isRelease = releaseNames.includes(name);
  if (current === undefined && !isRelease && chance.percent(85)) return brought(chance, to, by);
  const verbs: Write['verb'][] = [
    ...([
      'replace',
      'replace stale',
      'merge',
      'merge',
      'strategic',
      'json',
      'json untrue',
      'delete',
    ] as const),
    ...(isRelease ? [] : (['create'] as const)),
    ...(by === 'kubectl' ? (['label', 'annotate'] as const) : []),
    ...(by === 'kubectl' && name.startsWith('a') ? (['apply', 'apply', 'apply'] as const) : []),
    ...(!name.startsWith('a') && current !== undefined
      ? (['server-side apply', 'server-side apply', 'server-side apply'] as const)
      : []),
    ...(kind === 'Deployment' ? (['scale'] as const) : []),
  ];
  return written(chance, chance.of(verbs), to, current ?? new Map<string, string>());
}

/** What helm has not made is seldom asked for: it could only be missed. */
function randomName(chance: Chance, model: Model, kind: KindName): string {
  const name = chance.of([...ownNames, ...releaseNames]);
  const isMissed = releaseNames.includes(name) && model.contentOf(kind, name) === undefined;
  return isMissed && chance.percent(90) ? chance.of(ownNames) : name;
}

type To = Pick<Write, 'kind' | 'name' | 'dryRun'>;

function brought(chance: Chance, to: To, by: Writer): Write {
  const content = randomContent(chance, to.kind);
  if (chance.percent(50)) return { verb: 'create', ...to, content };
  if (!to.name.startsWith('a'))
    return { verb: 'server-side apply', ...to, content, manager: chance.of(MANAGERS), force: false };
  return { verb: by === 'kubectl' ? 'apply' : 'create', ...to, content };
}

function written(chance: Chance, verb: Write['verb'], to: To, current: Content): Write {
  const { kind } = to;
  switch (verb) {
    case 'create':
    case 'replace':
    case 'replace stale':
    case 'apply':
      return { verb, ...to, content: randomContent(chance, kind) };
    case 'server-side apply': {
      const force = chance.percent(60);
      return { verb, ...to, content: randomContent(chance, kind), manager: chance.of(MANAGERS), force };
    }
    case 'label':
      return { verb, ...to, changes: randomChanges(chance, kind, ['labels']) };
    case 'annotate':
      return { verb, ...to, changes: randomChanges(chance, kind, ['annotations']) };
    case 'json':
    case 'json untrue': {
      const changes = possible(randomChanges(chance, kind), current);
      return changes.size > 0 || verb === 'json untrue'
        ? { verb, ...to, changes }
        : { verb: 'merge', ...to, changes: randomChanges(chance, kind) };
    }
    case 'scale':
      return { verb, ...to, replicas: chance.of(['0', '1', '2', '3']) };
    case 'delete':
      return { verb, ...to };
    default:
      return { verb, ...to, changes: randomChanges(chance, kind) };
  }
}

/**
 * A JSON patch cannot remove what is not there, nor make the annotations' map without losing those of others.
 */
const possible = (changes: Changes, current: Content): Changes =>
  new Map(
    [...changes].filter(
      ([leaf, text]) =>
        (text !== null || current.has(leaf)) &&
        (!leaf.startsWith('annotations ') ||
          [...current.keys()].some((one) => one.startsWith('annotations '))),
    ),
  );

export function randomContent(chance: Chance, kind: KindName): Content {
  const { always } = kinds[kind];
  const content: Content = new Map();
  for (const [group, keys] of Object.entries(KEYS)) {
    if (group === 'fields' && always !== undefined) continue;
    for (const key of keys) if (chance.percent(45)) content.set(`${group} ${key}`, chance.of(VALUES));
  }
  for (const [field, values] of Object.entries(always ?? {}))
    content.set(`fields ${field}`, chance.of(values));
  return content;
}

function randomChanges(
  chance: Chance,
  kind: KindName,
  groups: (keyof typeof KEYS)[] = ['labels', 'annotations', 'fields'],
): Changes {
  const { always } = kinds[kind];
  const changes: Changes = new Map();
  for (let count = 1 + chance.below(3); count > 0; count -= 1) {
    const group = chance.of(groups);
    if (group === 'fields' && always !== undefined) {
      const field = chance.of(Object.keys(always));
      changes.set(`fields ${field}`, chance.of(always[field] ?? []));
    } else changes.set(`${group} ${chance.of(KEYS[group])}`, chance.percent(30) ? null : chance.of(VALUES));
  }
  return changes;
}
