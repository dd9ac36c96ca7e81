import type { Ran } from '../../../../../../test/support/tools/run-tool.ts';
import type { Done } from './by-client-node.ts';
import { jsonPatchOf, untruePatch } from './json-patch.ts';
import { contentOf, kinds, objectOf, patchOf, type Changes, type Content, type Json } from './kinds.ts';
import type { Write } from './writes.ts';

type Run = (args: string[], options?: { input?: string }) => Promise<Ran>;

/** Real kubectl, one process for each write. */
export class ByKubectl {
  private readonly run: Run;
  private readonly namespace: string;

  constructor(run: Run, namespace: string) {
    this.run = run;
    this.namespace = namespace;
  }

  async write(write: Write, current: Content): Promise<Done> {
    const { args, body } = commandOf(write, current);
    const all = [...args, '-n', this.namespace, ...(write.dryRun === true ? ['--dry-run=server'] : [])];
    const ran = await this.run(all, body === undefined ? {} : { input: JSON.stringify(body) });
    if (ran.exit !== 0) return { code: codeOf(ran.stderr) };
    // What a scale prints is what there was before.
    if (write.verb === 'delete' || write.verb === 'scale') return { code: 200 };
    // It may say before the object that a label to be removed was not there.
    const json = ran.stdout.slice(ran.stdout.search(/^\{/m));
    return { code: 200, content: contentOf(write.kind, JSON.parse(json) as Json) };
  }

  /** Every object of every kind, page by page. */
  async read(): Promise<Json[]> {
    const plurals = Object.values(kinds).map(({ plural }) => plural);
    const args = ['get', plurals.join(','), '-n', this.namespace, '-o', 'json', '--show-managed-fields'];
    const ran = await this.run([...args, '--chunk-size=3']);
    if (ran.exit !== 0) throw new Error(`kubectl ${args.join(' ')}: ${ran.stderr}`);
    return (JSON.parse(ran.stdout) as { items: Json[] }).items;
  }
}

const REASONS: [RegExp, number][] = [
  [/\((AlreadyExists|Conflict)\)|Apply failed with \d+ conflict/, 409],
  [/\(NotFound\)/, 404],
  [/\(Invalid\)|the server rejected our request due to an error in our request/, 422],
];

function codeOf(stderr: string): number {
  const code = REASONS.find(([pattern]) => pattern.test(stderr))?.[1];
  if (code === undefined) throw new Error(`kubectl failed: ${stderr}`);
  return code;
}

const words = (changes: Changes): string[] =>
  [...changes].map(([leaf, text]) => {
    const key = leaf.replace(/^\w+ /, '');
    return text === null ? `${key}-` : `${key}=${text}`;
  });

function commandOf(write: Write, current: Content): { args: string[]; body?: Json } {
  const { kind, name } = write;
  const target = [kinds[kind].plural, name];
  const json = ['-o', 'json'];
  const patch = (type: string, body: unknown) => ({
    args: ['patch', ...target, `--type=${type}`, '-p', JSON.stringify(body), ...json],
  });
  switch (write.verb) {
    case 'create':
    case 'replace':
    case 'apply':
      return { args: [write.verb, '-f', '-', ...json], body: objectOf(kind, name, write.content) };
    case 'replace stale': {
      const body = objectOf(kind, name, write.content);
      const metadata = { ...(body['metadata'] as Json), resourceVersion: '1' };
      return { args: ['replace', '-f', '-', ...json], body: { ...body, metadata } };
    }
    case 'server-side apply': {
      const flags = ['--server-side', `--field-manager=${write.manager}`];
      const args = ['apply', ...flags, ...(write.force ? ['--force-conflicts'] : []), '-f', '-', ...json];
      return { args, body: objectOf(kind, name, write.content) };
    }
    case 'merge':
    case 'strategic':
      return patch(write.verb, patchOf(kind, write.changes));
    case 'json':
      return patch('json', jsonPatchOf(kind, write.changes, current));
    case 'json untrue':
      return patch('json', untruePatch());
    case 'label':
    case 'annotate':
      return { args: [write.verb, '--overwrite', ...target, ...words(write.changes), ...json] };
    case 'scale':
      return { args: ['scale', ...target, `--replicas=${write.replicas}`] };
    case 'delete':
      return { args: ['delete', ...target, '--wait=false'] };
  }
}
