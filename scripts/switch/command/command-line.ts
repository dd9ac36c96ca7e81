/** Parses the command line of the switch. */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { calledHere } from '../../shared/called.ts';
import type { Called } from '../../shared/called.ts';
import { clusterFlags, clusterFlagsHelp } from '../../shared/cluster/flags.ts';
import type { ClusterFlags } from '../../shared/cluster/flags.ts';
import { parseDuration } from '../../shared/duration.ts';
import { UsageError } from '../../shared/errors.ts';
import { asFlags } from '../../shared/shell.ts';
import type { SwitchOptions } from '../types.ts';
import { verifyVersionName } from '../preflight/version-name.ts';

export const help = `Usage: npm run switch -- --to VERSION [flags]
       npm run switch -- --undo [--to VERSION] [flags]
       npm run switch -- --promote [flags]
       npm run switch -- status [flags]
       npm run switch -- adopt --as VERSION [--undo] [flags]

Moves all traffic of an app from its current version to another, the candidate, without losing a request, and removes the current one.
Before each step that cannot be undone, every proxy of the mesh is asked what it does now.
--undo rolls back the switch under way, or one whose old version was kept; --promote approves the share at which --hold waits;
status prints which version serves. These three need no --to, and status changes nothing.
adopt makes a version of the one plain Deployment that serves now, by the same steps, and prints the cluster file that describes it.

  --to VERSION         the version to switch to
  --as VERSION         with adopt: what that version is called
  --app NAME           the app (default: the one that istio/cluster.yaml names)
  --image IMAGE        image of the candidate
  --set KEY=VALUE      value for the templates (repeatable)
  --templates FILE     cluster file whose set "version" is one version's Deployment (default istio/cluster.yaml)
  --canary 5,25,50     give the candidate these percentages of the traffic first, each with evidence before the next
  --hold               wait for an approval (--promote) after each share
  --prometheus URL     take the evidence from this Prometheus instead of the callers' proxies
  --dry-run            print the plan and change nothing
  --write-values FILE  write the end state into this cluster file, so that applying it again changes nothing; "-": print a patch instead
  --values FILE        with status: say whether this cluster file and the cluster agree
  --owner-paused       the owner of the objects (Argo CD, Flux) is paused, though the cluster does not show it
  --step-timeout TIME  how long one step may take (default 120s)
  --keep-old           leave the old version running, so that --undo deploys nothing
  --keep-failed        leave a candidate that did not become ready, so that it can be examined
${clusterFlagsHelp}
  --istio-namespace NAME  where istiod runs (default istio-system)
  --json               the result as one JSON document on stdout
  --journal FILE       append every event of the run to FILE, one JSON line each
  -h, --help           this text

Exit code: 0 done, or already so; 1 it did not succeed, and the last line says which version serves and which command comes next;
2 wrong usage, nothing was changed; 130 or 143 stopped by SIGINT or SIGTERM, and the next run continues from there.

Example: npm run switch -- --to v2 --image registry.example/shop:2.0.0`;

export interface Parsed {
  help: boolean;
  /** Only print the status. */
  status: boolean;
  /** Only approve the share that `--hold` holds. */
  promote: boolean;
  /** The cluster file that status compares with the cluster. */
  compared: string | undefined;
  json: boolean;
  /** The file of the journal. */
  journal: string | undefined;
  flags: ClusterFlags;
  options: Omit<SwitchOptions, 'cluster' | 'signal' | 'prover'>;
}

/** The flags, for `parseArgs`. */
export const switchFlags = {
  ...clusterFlags,
  to: { type: 'string' },
  as: { type: 'string' },
  app: { type: 'string' },
  image: { type: 'string' },
  set: { type: 'string', multiple: true, default: [] },
  templates: { type: 'string' },
  canary: { type: 'string' },
  hold: { type: 'boolean', default: false },
  prometheus: { type: 'string' },
  promote: { type: 'boolean', default: false },
  undo: { type: 'boolean', default: false },
  'owner-paused': { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  'write-values': { type: 'string' },
  values: { type: 'string' },
  'step-timeout': { type: 'string', default: '120s' },
  'keep-old': { type: 'boolean', default: false },
  'keep-failed': { type: 'boolean', default: false },
  'istio-namespace': { type: 'string' },
  json: { type: 'boolean', default: false },
  journal: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} satisfies NonNullable<ParseArgsConfig['options']>;

export interface ParseOptions {
  defaultTemplates: string;
  /** How the command is typed, and the app it means where none is named. Default: as in this repository. */
  called?: Called;
  /** The output is read where this kubeconfig does not exist, such as the log of a pod. Default: no. */
  isReadElsewhere?: boolean;
}

export function parseSwitchArgs(argv: string[], parsing: ParseOptions): Parsed {
  const { defaultTemplates, called = calledHere } = parsing;
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: switchFlags,
  });
  const status = positionals[0] === 'status';
  const adopt = positionals[0] === 'adopt';
  const unknown = positionals[status || adopt ? 1 : 0];
  if (unknown !== undefined) throw new UsageError(`Unknown argument "${unknown}". See: ${called.as} --help`);
  if (adopt && !values.help) verifyAdoption(values);
  if (!adopt && values.as !== undefined)
    throw new UsageError('--as is for adopt: write adopt --as VERSION, or --to VERSION for a switch.');
  if (!values.help && !status && !adopt && !values.promote && values.to === undefined && !values.undo) {
    throw new UsageError('--to VERSION is missing: the version to switch to, such as --to v2.');
  }
  if (values.hold && values.canary === undefined)
    throw new UsageError('--hold needs shares to hold at: add --canary 5,25,50.');
  verifyValuesFlags(values, status);
  if (values.prometheus !== undefined) verifyPrometheus(values.prometheus, values.canary);
  const to = adopt ? values.as : values.to;
  if (to !== undefined) verifyVersionName(to);
  const app = values.app ?? called.app;
  if (!values.help && app === '')
    throw new UsageError(`--app NAME is missing: there is no ${defaultTemplates} here that names one.`);
  const stepTimeoutMs = parseDuration(values['step-timeout'], '--step-timeout');
  if (stepTimeoutMs === 0) throw new UsageError('--step-timeout must be more than 0.');
  return {
    help: values.help,
    status,
    promote: values.promote,
    compared: values.values,
    json: values.json,
    journal: values.journal,
    flags: { kubeconfig: values.kubeconfig, context: values.context, namespace: values.namespace },
    options: {
      app,
      called,
      to,
      adopt,
      image: values.image,
      set: parseSets(values.set),
      clusterFile: values.templates ?? defaultTemplates,
      canary: values.canary === undefined ? [] : parseShares(values.canary),
      prometheus: values.prometheus,
      hold: values.hold,
      undo: values.undo,
      ownerPaused: values['owner-paused'],
      dryRun: values['dry-run'],
      writeValues: values['write-values'],
      keepOld: values['keep-old'],
      keepFailed: values['keep-failed'],
      stepTimeoutMs,
      istioNamespace: values['istio-namespace'],
      ...sameFlags(values, parsing),
    },
  };
}

type Values = ReturnType<typeof parseArgs<{ options: typeof switchFlags }>>['values'];

/** The flags that a suggested command repeats: those for the cluster, the files and the way of the switch. */
function sameFlags(
  values: Values,
  { defaultTemplates, isReadElsewhere }: ParseOptions,
): Pick<SwitchOptions, 'sameCluster' | 'sameWishes'> {
  const templates = values.templates === defaultTemplates ? undefined : values.templates;
  const { kubeconfig, context, namespace, canary, prometheus, image } = values;
  const sameCluster = asFlags({
    ...(isReadElsewhere ? {} : { kubeconfig, context, namespace }),
    'istio-namespace': values['istio-namespace'],
    templates,
    'write-values': values['write-values'],
  });
  const sameWishes = asFlags({
    image,
    set: values.set,
    canary,
    hold: values.hold,
    prometheus,
    'keep-old': values['keep-old'],
    'owner-paused': values['owner-paused'],
  });
  return { sameCluster, sameWishes };
}

function verifyValuesFlags(
  { promote, values, 'write-values': written }: Pick<Values, 'promote' | 'values' | 'write-values'>,
  status: boolean,
): void {
  if (values !== undefined && !status)
    throw new UsageError('--values is for status, which compares. To write the end state: --write-values.');
  if (written !== undefined && (status || promote))
    throw new UsageError(
      `--write-values is for a switch and its undo. ${status ? 'To compare: status --values.' : 'Give it to the run that waits.'}`,
    );
  if (values === '' || written === '') throw new UsageError('--write-values and --values need a file.');
}

/** An adoption copies the Deployment as it runs: flags that describe a new version are refused. */
function verifyAdoption(values: Values): void {
  if (values.as === undefined)
    throw new UsageError('--as VERSION is missing: what the version is to be called, such as adopt --as v1.');
  const meant = [
    'to',
    'image',
    'canary',
    'hold',
    'prometheus',
    'promote',
    'keep-old',
    'keep-failed',
    'write-values',
  ] as const;
  const given = meant.find((flag) => values[flag] !== undefined && values[flag] !== false);
  const isSet = values.set.length > 0 ? 'set' : undefined;
  const odd = given ?? isSet;
  if (odd !== undefined)
    throw new UsageError(`--${odd} is for a switch: adopt makes a version of what runs, as it runs.`);
}

function verifyPrometheus(url: string, canary: string | undefined): void {
  if (canary === undefined)
    throw new UsageError('--prometheus is for the evidence of a canary: add --canary 5,25,50.');
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: '' };
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new UsageError(`--prometheus must be an address such as http://prometheus:9090, got "${url}".`);
}

function parseSets(texts: string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [key, ...value] = text.split('=');
      if (!key || value.length === 0) throw new UsageError(`--set must be KEY=VALUE, got "${text}".`);
      return [key, value.join('=')];
    }),
  );
}

function parseShares(text: string): number[] {
  const shares = text.split(',').map(Number);
  const ascending = shares.every((share, index) => share > (shares[index - 1] ?? 0));
  if (!ascending || !shares.every((share) => Number.isInteger(share) && share > 0 && share < 100)) {
    throw new UsageError(
      `--canary must be ascending whole percents between 1 and 99 such as 5,25,50, got "${text}".`,
    );
  }
  return shares;
}
