import { parseArgs } from 'node:util';
import { nearest } from '../template/did-you-mean.ts';
import { InputError } from '../sets/input-error.ts';
import { readTextFile } from '../sets/read-file.ts';

export type ApplyCommandName = 'apply' | 'replace' | 'delete' | 'create';
export type DryRun = 'client' | 'server' | undefined;

export interface ClusterFlags {
  kubectl: string | undefined;
  kubeconfig: string | undefined;
  context: string | undefined;
  namespace: string | undefined;
}

interface RenderFlags {
  file: string;
  include: string[];
  exclude: string[];
  vars: Record<string, string>;
  goNumbers: boolean;
}

export type CommandLine =
  | { command: 'help' }
  | { command: 'version' }
  | ({ command: 'template'; output: string | undefined; separator: boolean } & RenderFlags)
  | ({
      command: ApplyCommandName;
      dryRun: DryRun;
      forceDeadRoutes: boolean;
      cluster: ClusterFlags;
    } & RenderFlags);

const COMMANDS = ['template', 'apply', 'replace', 'delete', 'create', 'version', 'help'] as const;
type Command = (typeof COMMANDS)[number];

const OPTIONS = {
  include: { type: 'string', short: 'i', multiple: true },
  exclude: { type: 'string', short: 'e', multiple: true },
  var: { type: 'string', multiple: true },
  'go-numbers': { type: 'boolean' },
  kubectl: { type: 'string' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  output: { type: 'string', short: 'o' },
  separator: { type: 'boolean' },
  'dry-run': { type: 'string' },
  'force-dead-routes': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  'help-long': { type: 'boolean' },
  'help-man': { type: 'boolean' },
} as const;

/** Flags that not every command understands. */
const ONLY_FOR: Record<string, readonly Command[]> = {
  output: ['template'],
  separator: ['template'],
  'dry-run': ['apply'],
  'force-dead-routes': ['apply', 'replace'],
};

const wrong = (message: string): InputError => new InputError(`${message} See --help.`, 1);

/**
 * Reads a command line as kontemplate does: flags before or after the
 * command, @file for arguments from a file.
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const args = expand(argv);
  const { values, positionals } = parse(args);
  const [command, file, extra] = positionals;
  if (values.help === true || values['help-long'] === true || values['help-man'] === true)
    return { command: 'help' };
  if (command === undefined || command === 'help') return { command: 'help' };
  if (!isCommand(command)) throw unknownCommand(command);
  for (const [flag, owners] of Object.entries(ONLY_FOR)) {
    if (flag in values && !owners.includes(command))
      throw wrong(`--${flag} is for ${owners.join(' and ')} only, not for ${command}.`);
  }
  if (command === 'version') {
    if (file !== undefined) throw wrong(`Unexpected argument ${file}.`);
    return { command };
  }
  if (file === undefined) throw wrong(`${command} needs a cluster file: ${command} FILE.`);
  if (extra !== undefined) throw wrong(`Unexpected argument ${extra}.`);
  const flags: RenderFlags = {
    file,
    include: values.include ?? [],
    exclude: values.exclude ?? [],
    vars: readVars(values.var ?? []),
    goNumbers: values['go-numbers'] ?? false,
  };
  if (command === 'template') {
    return { command, output: values.output, separator: values.separator ?? false, ...flags };
  }
  const { kubectl, kubeconfig, context, namespace } = values;
  const cluster = { kubectl, kubeconfig, context, namespace };
  const forceDeadRoutes = values['force-dead-routes'] ?? false;
  return { command, dryRun: readDryRun(values['dry-run']), forceDeadRoutes, cluster, ...flags };
}

const isCommand = (text: string): text is Exclude<Command, 'help'> =>
  (COMMANDS as readonly string[]).includes(text);

function unknownCommand(text: string): InputError {
  const near = nearest(text, COMMANDS)[0];
  const hint = near === undefined ? `Commands: ${COMMANDS.join(', ')}.` : `Did you mean ${near}?`;
  return wrong(`Unknown command ${text}. ${hint}`);
}

function parse(args: readonly string[]) {
  // --dry-run stands alone in kontemplate, and with =client or =server in kubectl: both are taken.
  const prepared = beforeTerminator(args, (arg) => (arg === '--dry-run' ? '--dry-run=client' : arg));
  try {
    return parseArgs({ args: prepared, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\.\s/)[0] ?? '') : String(error);
    const flag = /'?--([a-z-]+)/.exec(message)?.[1] ?? '';
    const near = message.startsWith('Unknown') ? nearest(flag, Object.keys(OPTIONS))[0] : undefined;
    throw wrong(`${message}.${near === undefined ? '' : ` Did you mean --${near}?`}`);
  }
}

function beforeTerminator(args: readonly string[], change: (arg: string) => string): string[] {
  const end = args.indexOf('--');
  return args.map((arg, index) => (end !== -1 && index >= end ? arg : change(arg)));
}

/** Replaces @file by the file's lines, one argument each; # begins a comment line. */
function expand(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.flatMap((arg, index) => {
    if (!arg.startsWith('@') || arg.length === 1 || (end !== -1 && index >= end)) return [arg];
    try {
      const lines = readTextFile(arg.slice(1)).split(/\r?\n/);
      return lines.filter((line) => line.trim() !== '' && !line.startsWith('#'));
    } catch (error) {
      const why = error instanceof Error ? ` ${error.message}` : '';
      throw new InputError(`${arg}: no arguments can be read from ${arg.slice(1)}.${why}`, 1, {
        cause: error,
      });
    }
  });
}

function readVars(given: readonly string[]): Record<string, string> {
  const vars = Object.create(null) as Record<string, string>;
  for (const each of given) {
    const equals = each.indexOf('=');
    if (equals === -1) throw wrong(`--var ${each}: a variable is given as --var name=value.`);
    vars[each.slice(0, equals)] = each.slice(equals + 1);
  }
  return vars;
}

function readDryRun(value: string | undefined): DryRun {
  if (value === undefined || value === 'client' || value === 'server') return value;
  throw wrong(`--dry-run=${value}: client or server.`);
}
