/**
 * Random operations by several clients, each checked by its answer,
 * and now and then a look at everything by everybody.
 */
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { ByClientNode, type Done } from './by-client-node.ts';
import { keptOf, type ByHelm } from './by-helm.ts';
import { readByHttp } from './by-http.ts';
import type { ByKubectl } from './by-kubectl.ts';
import { Chance } from './chance.ts';
import { contentOf, type Json, type KindName } from './kinds.ts';
import { Model, sorted } from './model.ts';
import { ownNames, randomWrite, releaseNames } from './random-write.ts';
import { describeStep, Releases } from './releases.ts';
import { describe, expect } from './writes.ts';

export interface Clients {
  kubeconfig: string;
  namespace: string;
  kubectl?: ByKubectl;
  helm?: ByHelm;
}

export interface AgreementOptions extends Clients {
  seed: number;
  /** How many operations by whom. */
  mix: { clientNode: number; kubectl?: number; helm?: number };
  /** So many times everybody reads everything, the last time at the end. */
  checkpoints: number;
  /**
   * Resolves when the cluster has nothing left to do: readers that
   * come one after the other must find the same.
   */
  settled?: () => Promise<unknown>;
  /** A line for a person at each checkpoint. */
  say?: (line: string) => void;
}

type Actor = 'client-node' | 'kubectl' | 'helm';

export class DisagreementError extends Error {
  override name = 'DisagreementError';
}

export class Agreement {
  readonly model = new Model();
  /** How many operations ended with which code; helm's with 200 or, refused, 500. */
  readonly answered = new Map<number, number>();
  private readonly options: AgreementOptions;
  private readonly releases: Releases;
  private readonly clientNode: ByClientNode;
  private readonly chance: Chance;

  constructor(options: AgreementOptions) {
    this.options = options;
    this.releases = new Releases(options.namespace);
    this.clientNode = new ByClientNode(options.kubeconfig, options.namespace);
    this.chance = new Chance(options.seed);
  }

  /** Throws a DisagreementError with the seed, the operation and both sides. */
  async run(): Promise<void> {
    const { mix, checkpoints, seed } = this.options;
    const left = { 'client-node': mix.clientNode, kubectl: mix.kubectl ?? 0, helm: mix.helm ?? 0 };
    const all = left['client-node'] + left.kubectl + left.helm;
    for (let index = 1; index <= all; index += 1) {
      const actor = this.next(left);
      left[actor] -= 1;
      try {
        if (actor === 'helm') await this.release();
        else await this.write(actor);
        if (index % Math.ceil(all / checkpoints) === 0 || index === all) await this.look(index);
      } catch (error) {
        throw new DisagreementError(
          `seed ${seed}, operation ${index} of ${all} by ${actor}: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        );
      }
    }
  }

  private next(left: Record<Actor, number>): Actor {
    const at = this.chance.below(left['client-node'] + left.kubectl + left.helm);
    if (at < left.helm) return 'helm';
    return at < left.helm + left.kubectl ? 'kubectl' : 'client-node';
  }

  private async write(actor: 'client-node' | 'kubectl'): Promise<void> {
    const write = randomWrite(this.chance, this.model, actor);
    const { kind, name, dryRun } = write;
    const current = new Map(this.model.contentOf(kind, name));
    const client = actor === 'kubectl' ? this.options.kubectl : this.clientNode;
    const done = await client?.write(write, current);
    const wanted: Done = { code: expect(this.model, write) };
    this.count(wanted.code);
    if (done?.content !== undefined && dryRun !== true) wanted.content = this.model.contentOf(kind, name);
    same(describe(write), readable(wanted), readable(done ?? { code: 0 }, dryRun));
  }

  private async release(): Promise<void> {
    const { helm } = this.options;
    const step = this.releases.random(this.chance);
    const took = await helm?.take(step);
    const wanted = this.releases.expect(this.model, step);
    this.count(wanted ? 200 : 500);
    if (took?.succeeded !== wanted)
      throw new Error(`${describeStep(step)} must ${wanted ? 'succeed' : 'fail'}. ${took?.said ?? ''}`);
  }

  private count(code: number): void {
    this.answered.set(code, (this.answered.get(code) ?? 0) + 1);
  }

  /** Every reader reads every object: the same, byte for byte of its meaning, and what the model holds. */
  async look(index = 0): Promise<void> {
    const { kubectl, helm, kubeconfig, namespace, settled, say } = this.options;
    await settled?.();
    const objects = inOrder(await readByHttp(kubeconfig, namespace));
    same('what plain HTTP reads and what was done', this.model.all(), held(objects));
    const readers = { 'client-node': this.clientNode, kubectl, helm };
    for (const [name, reader] of Object.entries(readers))
      if (reader !== undefined)
        same(`what plain HTTP and ${name} read`, byName(objects), byName(inOrder(await reader.read())));
    if (helm !== undefined) await this.lookAtReleases(helm, objects);
    say?.(
      `after ${index} operations: ${objects.length} objects, ${this.releases.all().length} releases, all agree`,
    );
  }

  /** What helm lists, what lies in the release secrets that others read, and what was done. */
  private async lookAtReleases(helm: ByHelm, objects: Json[]): Promise<void> {
    const wanted = this.releases.all().map(([name, revisions]) => {
      const [revision = 0, manifest = new Map<KindName, Map<string, string>>()] = [...revisions].at(-1) ?? [];
      const kept = [...manifest].map(([kind, content]) => [kind, sorted(content)] as const);
      return [name, revision, kept.sort(([a], [b]) => (a < b ? -1 : 1))] as const;
    });
    same('the releases as helm lists them', wanted, await helm.releases());
    const secrets = objects.filter(({ type }) => type === 'helm.sh/release.v1');
    const revisions = this.releases
      .all()
      .flatMap(([name, all]) => [...all.keys()].map((revision) => `sh.helm.release.v1.${name}.v${revision}`));
    same('the secrets of the releases', revisions.sort(), secrets.map(nameOf).sort());
    const kept = wanted.map(([name, revision]) => {
      const secret = secrets.find((one) => nameOf(one) === `sh.helm.release.v1.${name}.v${revision}`);
      const { release = '' } = (secret?.['data'] ?? {}) as { release?: string };
      const zipped = Buffer.from(Buffer.from(release, 'base64').toString(), 'base64');
      const { manifest } = JSON.parse(gunzipSync(zipped).toString()) as { manifest: string };
      return [name, revision, keptOf(manifest)];
    });
    same('the manifests in those secrets', wanted, kept);
  }
}

const nameOf = (object: Json): string => (object['metadata'] as { name: string }).name;

const inOrder = (objects: Json[]): Json[] => [...objects].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

const keyOf = (object: Json): string => `${String(object['kind'])} ${nameOf(object)}`;

/** What the operations made, and not the cluster or helm for itself. */
const held = (objects: Json[]) =>
  objects
    .filter((object) => [...ownNames, ...releaseNames].includes(nameOf(object)))
    .map((object) => [keyOf(object), sorted(contentOf(object['kind'] as KindName, object))]);

const byName = (objects: Json[]): Json =>
  Object.fromEntries(objects.map((object) => [keyOf(object), object]));

const readable = ({ code, content }: Done, dryRun = false) => ({
  code,
  ...(content === undefined || dryRun ? {} : { content: sorted(content) }),
});

function same(what: string, wanted: unknown, got: unknown): void {
  if (isDeepStrictEqual(wanted, got)) return;
  throw new Error(`${what} differ.\n${firstDifference(wanted, got)}`);
}

/** The smallest parts that differ, or both as a whole. */
function firstDifference(wanted: unknown, got: unknown, at = ''): string {
  const isTree = (value: unknown): value is Json => typeof value === 'object' && value !== null;
  if (isTree(wanted) && isTree(got) && Array.isArray(wanted) === Array.isArray(got))
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(got)]))
      if (!isDeepStrictEqual(wanted[key], got[key]))
        return firstDifference(wanted[key], got[key], `${at}/${key}`);
  return `${at}: wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`;
}
