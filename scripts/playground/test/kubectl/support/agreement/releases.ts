/** What helm must have: releases with their revisions, and what each makes of the objects. */
import type { Chance } from './chance.ts';
import { kindNames, type Content, type KindName } from './kinds.ts';
import type { Model } from './model.ts';
import { randomContent, releaseNames } from './random-write.ts';

/** The objects of a revision, by kind; they are called as the release is. */
export type Manifest = Map<KindName, Content>;

export type ReleaseStep = { release: string } & (
  | { verb: 'install' | 'upgrade'; manifest: Manifest }
  | { verb: 'rollback'; revision: number }
  | { verb: 'uninstall' }
);

/** So many revisions of a release are kept: `--history-max`. */
export const HISTORY = 4;

export class Releases {
  /** Revision -> manifest, oldest first. */
  private readonly revisions = new Map<string, Map<number, Manifest>>();
  private readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /**
   * One that can succeed, or in a few cases one that cannot: a second
   * installation, or one of what is not there.
   */
  random(chance: Chance): ReleaseStep {
    const release = chance.of(releaseNames);
    const known = [...(this.revisions.get(release)?.keys() ?? [])];
    const isThere = known.length > 0 !== chance.percent(8);
    if (!isThere) return { verb: 'install', release, manifest: randomManifest(chance) };
    const verb = chance.of(['upgrade', 'upgrade', 'upgrade', 'rollback', 'rollback', 'uninstall'] as const);
    if (verb === 'upgrade') return { verb, release, manifest: randomManifest(chance) };
    if (verb === 'rollback') return { verb, release, revision: known.length > 0 ? chance.of(known) : 1 };
    return { verb, release };
  }

  /** Does it to the model. @returns whether helm has to succeed */
  expect(model: Model, step: ReleaseStep): boolean {
    const { release } = step;
    const revisions = this.revisions.get(release) ?? new Map<number, Manifest>();
    const isThere = revisions.size > 0;
    if ((step.verb === 'install') === isThere) return false;
    const before = [...revisions.values()].at(-1) ?? new Map<KindName, Content>();
    const after =
      step.verb === 'rollback'
        ? revisions.get(step.revision)
        : 'manifest' in step
          ? step.manifest
          : undefined;
    for (const [kind, content] of after ?? [])
      model.serverSideApply(kind, release, this.live(release, content), 'helm', true);
    for (const kind of before.keys()) if (after?.has(kind) !== true) model.delete(kind, release);
    if (after === undefined) this.revisions.delete(release);
    else {
      revisions.set(([...revisions.keys()].at(-1) ?? 0) + 1, after);
      this.revisions.set(release, new Map([...revisions].slice(-HISTORY)));
    }
    return true;
  }

  /** What helm adds to what the chart says. */
  private live(release: string, content: Content): Content {
    return new Map([
      ...content,
      ['labels app.kubernetes.io/managed-by', 'Helm'],
      ['annotations meta.helm.sh/release-name', release],
      ['annotations meta.helm.sh/release-namespace', this.namespace],
    ]);
  }

  /** Release -> its revisions, oldest first, the last of them deployed. */
  all(): [string, Map<number, Manifest>][] {
    return [...this.revisions].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

function randomManifest(chance: Chance): Manifest {
  const certain = chance.of(kindNames);
  return new Map(
    kindNames
      .filter((kind) => kind === certain || chance.percent(60))
      .map((kind) => [kind, randomContent(chance, kind)]),
  );
}

export const describeStep = (step: ReleaseStep): string =>
  `helm ${step.verb} ${step.release}${'revision' in step ? ` ${step.revision}` : ''}${
    'manifest' in step ? ` with ${[...step.manifest.keys()].join(', ')}` : ''
  }`;
