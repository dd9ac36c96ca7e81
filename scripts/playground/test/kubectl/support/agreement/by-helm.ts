import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import type { Ran } from '../../../../../../test/support/tools/run-tool.ts';
import { contentOf, kinds, objectOf, type Json, type KindName } from './kinds.ts';
import { sorted } from './model.ts';
import { HISTORY, type ReleaseStep } from './releases.ts';

const chart = fileURLToPath(new URL('./chart', import.meta.url));
const reader = fileURLToPath(new URL('./reader-chart', import.meta.url));

/** `KIND` -> content, of one revision, as helm kept it. */
type Kept = [string, [string, string][]][];

/** Real helm, one process for each step. */
export class ByHelm {
  private readonly run: (args: string[]) => Promise<Ran>;
  private readonly namespace: string;
  /** Values are handed over in files here. */
  private readonly folder: string;

  constructor(run: (args: string[]) => Promise<Ran>, namespace: string, folder: string) {
    this.run = run;
    this.namespace = namespace;
    this.folder = folder;
  }

  /** @returns whether helm succeeded, and what it said if not */
  async take(step: ReleaseStep): Promise<{ succeeded: boolean; said: string }> {
    const { release } = step;
    const force = ['--force-conflicts'];
    const history = ['--history-max', String(HISTORY)];
    const { exit, stderr } = await (async () => {
      switch (step.verb) {
        case 'install':
          return this.ask('install', release, chart, ...(await this.values(step)));
        case 'upgrade':
          return this.ask('upgrade', release, chart, ...(await this.values(step)), ...force, ...history);
        case 'rollback':
          return this.ask('rollback', release, String(step.revision), ...force, ...history);
        case 'uninstall':
          return this.ask('uninstall', release);
      }
    })();
    return { succeeded: exit === 0, said: stderr };
  }

  private ask(...args: string[]): Promise<Ran> {
    return this.run([...args, '--namespace', this.namespace]);
  }

  private async values({
    release,
    manifest,
  }: ReleaseStep & { verb: 'install' | 'upgrade' }): Promise<string[]> {
    const objects = [...manifest].map(([kind, content]) => objectOf(kind, release, content));
    return ['-f', await this.file('values.json', { objects })];
  }

  private async file(name: string, content: Json): Promise<string> {
    const file = path.join(this.folder, name);
    await writeFile(file, JSON.stringify(content));
    return file;
  }

  /** Every object of every kind, as a chart sees them with `lookup`. */
  async read(): Promise<Json[]> {
    const asked = Object.entries(kinds).map(([kind, { apiVersion }]) => ({ kind, apiVersion }));
    const values = await this.file('reader.json', { kinds: asked });
    const stdout = await this.must('template', 'reader', reader, '--dry-run=server', '-f', values);
    const { data } = parse(stdout) as { data: Record<string, string> };
    return Object.values(data).flatMap(
      (text) => (JSON.parse(Buffer.from(text, 'base64').toString()) ?? []) as Json[],
    );
  }

  /** Release -> the number of its last revision and that revision's manifest. */
  async releases(): Promise<[string, number, Kept][]> {
    const list = JSON.parse(await this.must('list', '-o', 'json')) as {
      name: string;
      revision: string;
      status: string;
    }[];
    const found: [string, number, Kept][] = [];
    for (const { name, revision, status } of list) {
      if (status !== 'deployed') throw new Error(`release ${name} is ${status}, revision ${revision}`);
      found.push([name, Number(revision), keptOf(await this.must('get', 'manifest', name))]);
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  private async must(...args: string[]): Promise<string> {
    const { exit, stdout, stderr } = await this.ask(...args);
    if (exit !== 0) throw new Error(`helm ${args.join(' ')}: ${stderr}`);
    return stdout;
  }
}

/** The objects of a manifest: `KIND` -> content. */
export function keptOf(manifest: string): Kept {
  return parseAllDocuments(manifest)
    .map((document) => document.toJS() as Json | null)
    .filter((object) => object !== null)
    .map((object): Kept[number] => {
      const kind = object['kind'] as KindName;
      return [kind, sorted(contentOf(kind, object))];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
