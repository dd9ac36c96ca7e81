/**
 * The rows of the table: every npm command, in the forms that answer something, change something, or stay.
 */
import { readdirSync } from 'node:fs';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { aCluster, aClusterAlone, aKubectl, aServer, freePorts, type Around } from './around.ts';
import type { ConditionName } from './conditions.ts';
import type { Running } from './run-cell.ts';

export interface Expected {
  code: number;
  /** What stderr says, where it can be read. */
  says?: RegExp;
  /** A command that stays ends all the same: nobody sends it a signal. */
  byItself?: true;
}

export interface Command {
  /** Its name in package.json. */
  script: string;
  /** Arguments, for a POSIX shell. */
  args: string;
  /**
   * Run from its sources as npm does, and not from a bundle: what loads them has to bear the conditions too.
   */
  fromSources?: true;
  /** The exit code where nothing keeps it from its work. Default 0. */
  code?: number;
  /** The result on stdout, whole. Without it the command has nothing to say there. */
  result?: RegExp;
  /** What it says on stderr. */
  says?: RegExp;
  around?: () => Promise<Around>;
  /** It stays until `signal`: resolves when it may be sent. */
  untilReady?: (running: Running) => Promise<void>;
  signal?: NodeJS.Signals;
  /** Tried under these conditions alone, since it takes long. */
  only?: readonly ConditionName[];
  /** Under these conditions it cannot do its work, or something of it. */
  but?: Partial<Record<ConditionName, Expected>>;
}

const cluster = '--kubeconfig "$CLUSTER"';
const inTemp =
  /^No folder can be made in the temp folder .* \(EACCES\)\. Set TMPDIR to a folder that you may write to\.$/m;

const noRoomForBundle = /^\S+\.mjs could not be written: file too large\n$/m;

const untilItServes = async ({ env }: Running): Promise<void> => {
  const isAlive = () =>
    fetch(`http://127.0.0.1:${env['PORT'] ?? ''}/health/ready`).then(
      () => true,
      () => false,
    );
  await waitFor(isAlive, { deadlineMs: 60_000, what: 'an answer of the service', intervalMs: 20 });
};

/** A playground leaves word in the folder of its user, and says in the same breath how to use it. */
const untilItIsAnnounced = async ({ temp }: Running): Promise<void> => {
  const isThere = () =>
    readdirSync(temp, { recursive: true, encoding: 'utf8' }).some((name) =>
      /playground-\d+\.json$/.test(name),
    );
  await waitFor(isThere, { deadlineMs: 60_000, what: 'the playground', intervalMs: 20 });
};

export const commands = {
  'render --help': { script: 'render', args: '--help', says: /Example/ },
  'render template': {
    script: 'render',
    args: 'template istio/cluster.yaml',
    result: /^apiVersion[^]*kind: NetworkPolicy[^]*\n$/,
    says: /network-policy: network-policy\.tpl\.yaml\n$/,
  },
  'render template, of a file that is not there': {
    script: 'render',
    args: 'template no.yaml',
    code: 1,
    says: /^render: error: no\.yaml does not exist\.\n$/,
  },
  'render apply': {
    script: 'render',
    args: `apply istio/cluster.yaml -i base ${cluster}`,
    around: aClusterAlone,
    result: /^base: Gateway coffee-shop applied\nbase: Service coffee-shop applied\n$/,
  },
  'render replace, by kubectl': {
    script: 'render',
    args: `replace istio/cluster.yaml -i base -i route --kubectl "$KUBECTL" --context any`,
    around: aKubectl,
    result: /^replace base: [^]*\nconfigured\nreplace route: [^]*\nconfigured\n$/,
  },
  'switch --help': { script: 'switch', args: '--help', result: /^Usage[^]*Example: .*\n$/ },
  'switch status': {
    script: 'switch',
    args: `status ${cluster}`,
    around: aCluster(),
    result: /^v1 serves all traffic of coffee-shop\n {3}v1 +2\/2 pods ready, 100 % of the traffic\n$/,
  },
  'switch status, of no cluster': {
    script: 'switch',
    args: 'status --kubeconfig no-file',
    code: 2,
    says: /^--kubeconfig: .*no-file.*\n$/,
  },
  'switch --dry-run': {
    script: 'switch',
    args: `--to v2 --dry-run ${cluster}`,
    around: aCluster(),
    says: /Nothing was changed\./,
  },
  switch: {
    script: 'switch',
    args: `--to v2 --image coffee-shop:2.0.0 ${cluster}`,
    around: aCluster(['coffee-shop-v2']),
    says: /v2 serves all traffic after/,
  },
  'switch --json --journal': {
    script: 'switch',
    args: `--to v2 --image coffee-shop:2.0.0 --json --journal "$FOLDER/journal" ${cluster}`,
    around: aCluster(['coffee-shop-v2']),
    result: /^\{[^]*"outcome": "switched"[^]*\}\n$/,
    says: /v2 serves all traffic after/,
    but: {
      'no room in any file': {
        code: 0,
        says: /^ {3}--journal: \S+ misses lines from here on: EFBIG: file too large, write\n(?![^]*--journal: )[^]*v2 serves all traffic/m,
      },
    },
  },
  'load --help': { script: 'load', args: '--help', result: /^Sends[^]*Example: .*\n$/ },
  'load --help, from its sources': {
    script: 'load',
    args: '--help',
    fromSources: true,
    result: /^Sends[^]*Example: .*\n$/,
  },
  load: {
    script: 'load',
    args: '--url "$URL" --qps 20 --connections 2 --duration 200ms --json --fortio-json "$FOLDER/fortio.json"',
    around: aServer,
    result: /^\{"sent":4,.*\}\n$/,
    but: {
      'stdout in a file that may not grow': { code: 1, says: /^Cannot write \S+fortio\.json: EFBIG/ },
      'no room in any file': {
        code: 1,
        says: /^Cannot write \S+fortio\.json: EFBIG: file too large(, write)?\n$/,
      },
    },
  },
  'load, of nobody': {
    script: 'load',
    args: '--url http://127.0.0.1:1/ --qps 20 --connections 2 --duration 100ms',
    code: 1,
    result: /lost/,
    says: /Nothing at 127\.0\.0\.1:1 answered/,
  },
  'demo --help': { script: 'demo', args: '--help', result: /Example: .*\n$/ },
  'playground --help': { script: 'playground', args: '--help', result: /Example: .*\n$/ },
  'playground, until Ctrl-C': {
    script: 'playground',
    args: '--empty --mesh none',
    untilReady: untilItIsAnnounced,
    code: 130,
    result: /^[^]*The playground is running\.[^]*\n$/,
    says: /^ ✓ Start the playground .*\n$/,
    but: {
      'stdout on a full disk': {
        code: 1,
        says: /\nstdout: no space left on device \(ENOSPC\)/,
        byItself: true,
      },
      'both on a full disk': { code: 1, byItself: true },
      'stdout in a file that may not grow': { code: 1, says: noRoomForBundle, byItself: true },
      'no room in any file': { code: 1, says: noRoomForBundle, byItself: true },
      'a read-only temp folder': { code: 1, says: inTemp, byItself: true },
    },
  },
  'playground ctl, with none running': {
    script: 'playground',
    args: 'ctl proxies',
    code: 2,
    says: /^ctl: no playground is running\..*\n$/,
  },
  'new --help': { script: 'new', args: '--help', result: /^Makes a repository[^]*\n$/ },
  'image --help': { script: 'image', args: '--help', result: /Example: .*\n$/ },
  'image, from its sources': {
    script: 'image',
    args: 'coffee-shop --out "$FOLDER/images"',
    fromSources: true,
    only: ['stdout on a full disk', 'no room in any file'],
    but: {
      'no room in any file': {
        code: 1,
        says: /^\S+coffee-shop-1\.0\.0\.tar could not be written: EFBIG: file too large(, write)?\n$/,
      },
    },
  },
  'render template --output': {
    script: 'render',
    args: 'template istio/cluster.yaml --output "$FOLDER/rendered"',
    says: /network-policy-network-policy\.tpl\.yaml\n$/,
    but: {
      'stdout in a file that may not grow': { code: 1, says: /could not be written: EFBIG/ },
      'no room in any file': {
        code: 1,
        says: /^render: error: \S+base-gateway\.tpl\.yaml could not be written: EFBIG: file too large(, write)?\.\n$/,
      },
    },
  },
  'bench --help': { script: 'bench', args: '--help', result: /Example: .*\n$/ },
  'simulate --help': { script: 'simulate', args: '--help', result: /--help +this text[^]*\n$/ },
  'conformance --help': { script: 'conformance', args: '--help', result: /Example: .*\n$/ },
  'conformance --list': { script: 'conformance', args: '--list', result: /^[^]{2000,}\n$/ },
  'start --help': { script: 'start', args: '--help', result: /Example: .*\n$/ },
  'start, with a flag': {
    script: 'start',
    args: '--port 80',
    code: 2,
    says: /^The service takes no arguments, got --port 80\.\n$/,
  },
  'start, until SIGTERM': {
    script: 'start',
    args: '',
    around: freePorts,
    untilReady: untilItServes,
    signal: 'SIGTERM',
    result: /"msg":"listening"[^]*"msg":"drained"[^]*\n$/,
  },
  'sidecar --help': { script: 'sidecar', args: '--help', result: /Example: .*\n$/ },
  'sidecar, until SIGTERM': {
    script: 'sidecar',
    args: '',
    around: freePorts,
    untilReady: untilItServes,
    signal: 'SIGTERM',
    result: /"msg":"listening"[^]*"msg":"signal"[^]*\n$/,
  },
} satisfies Record<string, Command>;
