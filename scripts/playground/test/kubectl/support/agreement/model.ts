/** What a server must hold after each write, kept beside it: the oracle of the agreement. */
import type { Changes, Content, KindName } from './kinds.ts';

/** Who set a leaf: `update` for every write but an apply, which is known by its field manager. */
type Owner = 'update' | `apply ${string}`;

interface Held {
  content: Content;
  owners: Map<string, Set<Owner>>;
  /** What `kubectl apply` said last time, until a replacement forgets it. */
  lastApplied: Set<string> | undefined;
}

/** What a write is answered: 200, or the code of its refusal. */
export type Outcome = 200 | 404 | 409 | 422;

const keyOf = (kind: KindName, name: string): string => `${kind} ${name}`;

export class Model {
  private readonly records = new Map<string, Held>();

  copy(): Model {
    const copy = new Model();
    for (const [key, record] of structuredClone(this.records)) copy.records.set(key, record);
    return copy;
  }

  contentOf(kind: KindName, name: string): Content | undefined {
    return this.records.get(keyOf(kind, name))?.content;
  }

  /** `KIND NAME` -> content, in order. */
  all(): [string, [string, string][]][] {
    return [...this.records]
      .map(([key, { content }]): [string, [string, string][]] => [key, sorted(content)])
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  create(kind: KindName, name: string, content: Content): Outcome {
    if (this.contentOf(kind, name) !== undefined) return 409;
    this.records.set(keyOf(kind, name), {
      content: new Map(content),
      owners: new Map([...content.keys()].map((leaf) => [leaf, new Set<Owner>(['update'])])),
      lastApplied: undefined,
    });
    return 200;
  }

  replace(kind: KindName, name: string, content: Content): Outcome {
    const record = this.records.get(keyOf(kind, name));
    if (record === undefined) return 404;
    update(record, new Map([...[...record.content.keys()].map((leaf) => [leaf, null] as const), ...content]));
    // It lies in an annotation, and a replacement does not bring it.
    record.lastApplied = undefined;
    return 200;
  }

  patch(kind: KindName, name: string, changes: Changes): Outcome {
    const record = this.records.get(keyOf(kind, name));
    if (record === undefined) return 404;
    update(record, changes);
    return 200;
  }

  /**
   * `kubectl apply`:
   * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes
   */
  apply(kind: KindName, name: string, content: Content): Outcome {
    this.create(kind, name, content);
    const record = this.records.get(keyOf(kind, name));
    if (record === undefined) return 404;
    const gone = [...(record.lastApplied ?? [])].filter((leaf) => !content.has(leaf));
    update(record, new Map([...gone.map((leaf) => [leaf, null] as const), ...content]));
    record.lastApplied = new Set(content.keys());
    return 200;
  }

  /** https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
  serverSideApply(kind: KindName, name: string, content: Content, manager: string, force: boolean): Outcome {
    const key = keyOf(kind, name);
    const record: Held = this.records.get(key) ?? {
      content: new Map(),
      owners: new Map(),
      lastApplied: undefined,
    };
    const self: Owner = `apply ${manager}`;
    const isOthers = (leaf: string) => [...(record.owners.get(leaf) ?? [])].some((owner) => owner !== self);
    const contested = [...content].filter(
      ([leaf, text]) => isOthers(leaf) && record.content.has(leaf) && record.content.get(leaf) !== text,
    );
    if (contested.length > 0 && !force) return 409;
    for (const [leaf, owners] of record.owners) {
      if (content.has(leaf) || !owners.delete(self) || owners.size > 0) continue;
      record.content.delete(leaf);
      record.owners.delete(leaf);
    }
    for (const [leaf, text] of content) {
      const others = record.content.get(leaf) === text ? (record.owners.get(leaf) ?? []) : [];
      record.owners.set(leaf, new Set([...others, self]));
      record.content.set(leaf, text);
    }
    this.records.set(key, record);
    return 200;
  }

  delete(kind: KindName, name: string): Outcome {
    return this.records.delete(keyOf(kind, name)) ? 200 : 404;
  }
}

/** What changes belongs to who changed it; what stays as it was keeps its owners. */
function update({ content, owners }: Held, changes: Changes): void {
  for (const [leaf, text] of changes) {
    if (content.get(leaf) === text) continue;
    content.delete(leaf);
    owners.delete(leaf);
    if (text === null) continue;
    content.set(leaf, text);
    owners.set(leaf, new Set(['update']));
  }
}

export const sorted = (content: Content): [string, string][] =>
  [...content].sort(([a], [b]) => (a < b ? -1 : 1));
