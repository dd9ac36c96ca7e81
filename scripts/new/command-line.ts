import { parseArgs } from 'node:util';
import { UsageError } from '../shared/errors.ts';
import { parts, type Part } from './contents.ts';

export const usage = `Makes a repository of your own out of this one: the service under your name, its templates, images, alerts, tests and CI.

Usage: npm run new -- --name NAME --out DIR [flags]

  --name NAME     the service, such as tea-house: it names images, labels, metrics, alerts and dashboards
  --out DIR       where it goes: a folder that is not there yet
  --with PARTS    what comes as source as well, by commas: ${parts.join(', ')}
                  (without them render, switch and load come packed; no playground, no demo)
  --allow-dirty   take files with changes that are not committed
  --dry-run       list what would go along, each with its reason, and change nothing
  --json          {name, out, files}
  --help

Example: npm run new -- --name tea-house --out ../tea-house
`;

export interface NewCommand {
  name: string;
  out: string;
  with: Part[];
  allowDirty: boolean;
  dryRun: boolean;
  json: boolean;
}

/** @throws UsageError */
export function readCommandLine(argv: string[]): NewCommand | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      name: { type: 'string' },
      out: { type: 'string' },
      with: { type: 'string', multiple: true, default: [] },
      'allow-dirty': { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { name, out, json } = values;
  if (name === undefined)
    throw new UsageError('--name NAME is missing: the service, such as --name tea-house.');
  if (out === undefined)
    throw new UsageError('--out DIR is missing: where it goes, such as --out ../tea-house.');
  if (out === '') throw new UsageError('--out must be a folder, got "".');
  const asked = values.with.flatMap((list) => list.split(',')).map((part) => part.trim());
  return {
    ...{ name, out, json },
    with: asked.map(readPart),
    allowDirty: values['allow-dirty'],
    dryRun: values['dry-run'],
  };
}

function readPart(text: string): Part {
  const part = parts.find((each) => each === text);
  if (part === undefined) throw new UsageError(`--with must be of ${parts.join(', ')}, got "${text}".`);
  return part;
}
