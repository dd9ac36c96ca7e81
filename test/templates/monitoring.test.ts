import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { waitFor } from '../../scripts/shared/wait.ts';
import { type CoffeeShop, killLeftovers, startCoffeeShop, startProcess } from '../support/service-process.ts';
import { freePort } from '../support/free-port.ts';

const run = promisify(execFile);
const isInstalled = (program: string): Promise<boolean> =>
  run(program, ['--version']).then(
    () => true,
    () => false,
  );
const hasPromtool = await isInstalled('promtool');
const hasPrometheus = await isInstalled('prometheus');
// In the name, so that a skipped test says why.
const needs = (program: string, there: boolean): string =>
  there ? '' : ` (skipped: ${program} is not installed; apt-get install prometheus)`;

const folders = ['k8s/monitoring', 'istio/monitoring'];

interface Rules {
  groups: { name: string; rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
}
interface Dashboard {
  uid: string;
  panels: {
    id: number;
    title: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets: { refId: string; expr: string }[];
  }[];
}

const rulesOf = async (folder: string): Promise<Rules> =>
  parse(await readFile(`${folder}/alerts.yaml`, 'utf8')) as Rules;
const dashboardOf = async (folder: string): Promise<Dashboard> =>
  JSON.parse(await readFile(`${folder}/dashboard.json`, 'utf8')) as Dashboard;
const alertExprs = async (folder: string): Promise<string[]> =>
  (await rulesOf(folder)).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
const panelExprs = async (folder: string): Promise<string[]> =>
  (await dashboardOf(folder)).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** The names of metrics in an expression: every name that is followed by a selector or a range. */
function metricsIn(expr: string): string[] {
  const bare = expr.replace(/\{[^}]*\}/g, '{}').replace(/\b(by|without) \([^)]*\)/g, '');
  return [...bare.matchAll(/[a-z][a-z0-9_]*(?=\{|\[)|(?<=\()[a-z]+_[a-z0-9_]+(?=\))/g)].map(([name]) => name);
}

const scrape = async ({ adminPort }: CoffeeShop): Promise<string> =>
  (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();

let folder: string | undefined;
afterEach(async () => {
  await killLeftovers();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  folder = undefined;
});

describe.each(folders)('%s', (where) => {
  (hasPromtool ? it : it.skip)(
    `has rules that Prometheus accepts${needs('promtool', hasPromtool)}`,
    async () => {
      const { stdout } = await run('promtool', ['check', 'rules', `${where}/alerts.yaml`]);
      expect(stdout).toMatch(/SUCCESS: [1-9]\d* rules found/);
    },
  );

  (hasPromtool ? it : it.skip)(
    `has alerts that fire when they should, and only then${needs('promtool', hasPromtool)}`,
    async () => {
      const { stdout } = await run('promtool', ['test', 'rules', `${where}/alerts.test.yaml`]);
      expect(stdout).toContain('SUCCESS');
    },
  );

  (hasPromtool ? it : it.skip)(
    `has a dashboard whose queries Prometheus accepts${needs('promtool', hasPromtool)}`,
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
      const rules = (await panelExprs(where)).map((expr, index) => ({ record: `panel:${index}`, expr }));
      await writeFile(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'panels', rules }] }));
      const { stdout } = await run('promtool', ['check', 'rules', join(folder, 'rules.yaml')]);
      expect(stdout).toContain(`${rules.length} rules found`);
    },
  );

  it('tests every alert, both ways', async () => {
    const tested = parse(await readFile(`${where}/alerts.test.yaml`, 'utf8')) as {
      tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const cases = tested.tests.flatMap(({ alert_rule_test: each }) => each);
    const names = (await rulesOf(where)).groups
      .flatMap(({ rules }) => rules.map(({ alert }) => alert))
      .sort();
    for (const fires of [true, false])
      expect(
        [
          ...new Set(
            cases.filter((each) => each.exp_alerts.length > 0 === fires).map((each) => each.alertname),
          ),
        ].sort(),
      ).toEqual(names);
  });

  it('says with every alert what to do next', async () => {
    for (const { rules } of (await rulesOf(where)).groups)
      for (const { annotations } of rules)
        expect(Object.keys(annotations).sort()).toEqual(['next', 'summary']);
  });

  it('has a dashboard whose panels do not overlap', async () => {
    const { panels } = await dashboardOf(where);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
  });
});

describe('the metrics that alerts and dashboard ask for', () => {
  it('are those the service has', async () => {
    const shop = await startCoffeeShop();
    await fetch(`http://127.0.0.1:${shop.port}/orders`, { method: 'POST' });
    const known = new Set((await scrape(shop)).match(/^[a-z0-9_]+(?=[ {])/gm));
    const asked = [...(await alertExprs('k8s/monitoring')), ...(await panelExprs('k8s/monitoring'))].flatMap(
      metricsIn,
    );
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  // https://istio.io/latest/docs/reference/config/metrics/,
  // https://istio.io/latest/docs/reference/commands/pilot-discovery/
  it('are those of Istio in the mesh', async () => {
    const asked = [
      ...(await alertExprs('istio/monitoring')),
      ...(await panelExprs('istio/monitoring')),
    ].flatMap(metricsIn);
    expect([...new Set(asked)].sort()).toEqual([
      'istio_request_duration_milliseconds_bucket',
      'istio_requests_total',
      'pilot_proxy_convergence_time_bucket',
      'pilot_total_xds_rejects',
      'pilot_xds',
    ]);
  });
});

/**
 * k8s/monitoring/scrape-config.yaml as it is, but that the pods come from a
 * file: Debian's Prometheus is built without Kubernetes. The ports of three
 * pods: one to be scraped, one that does not ask for it, and a sidecar's.
 */
async function scrapeConfigFor({ adminPort }: CoffeeShop, into: string): Promise<object> {
  const { scrape_configs: configs } = parse(await readFile('k8s/monitoring/scrape-config.yaml', 'utf8')) as {
    scrape_configs: [{ kubernetes_sd_configs: object[] }];
  };
  const { kubernetes_sd_configs: discovery, ...config } = configs[0];
  expect(discovery).toEqual([{ role: 'pod' }]);
  const meta = (labels: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(labels).map(([name, value]) => [`__meta_kubernetes_${name}`, value]));
  const port = (pod: string, more: Record<string, string>) => ({
    targets: [`${pod}:8080`],
    labels: meta({
      ...{ namespace: 'default', pod_ip: '127.0.0.1', pod_name: pod },
      ...{ pod_label_app: 'coffee-shop', pod_label_version: 'v1' },
      ...{ pod_container_init: 'false', pod_container_port_name: 'admin' },
      ...more,
    }),
  });
  const asks = {
    pod_annotation_prometheus_io_scrape: 'true',
    pod_annotation_prometheus_io_port: String(adminPort),
  };
  const pods = [
    port('coffee-1', asks),
    port('coffee-1', { ...asks, pod_container_port_name: 'http' }),
    port('coffee-1', { ...asks, pod_container_init: 'true' }),
    port('silent-1', {}),
  ];
  await writeFile(join(into, 'pods.json'), JSON.stringify(pods));
  return { ...config, scrape_interval: '1s', file_sd_configs: [{ files: [join(into, 'pods.json')] }] };
}

describe('a Prometheus server', () => {
  (hasPrometheus ? it : it.skip)(
    `scrapes the service as scrape-config.yaml says, and evaluates the rules${needs('prometheus', hasPrometheus)}`,
    async () => {
      folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
      const shop = await startCoffeeShop();
      for (let order = 0; order < 7; order += 1)
        await fetch(`http://127.0.0.1:${shop.port}/orders`, { method: 'POST' });
      const config = {
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [`${process.cwd()}/k8s/monitoring/alerts.yaml`],
        scrape_configs: [await scrapeConfigFor(shop, folder)],
      };
      await writeFile(join(folder, 'prometheus.yaml'), stringify(config));
      const port = await freePort();
      const server = startProcess('prometheus', [
        `--config.file=${join(folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=error',
      ]);
      const ask = async (path: string): Promise<unknown> => {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
        return ((await response.json()) as { data: unknown }).data;
      };
      const query = async (expr: string): Promise<string | undefined> => {
        const data = (await ask(`query?query=${encodeURIComponent(expr)}`)) as {
          result: { value: [number, string] }[];
        };
        return data.result[0]?.value[1];
      };
      const orders = 'sum(http_request_duration_seconds_count{app="coffee-shop", route="/orders"})';
      await waitFor(async () => (await query(orders).catch(() => undefined)) === '7', {
        deadlineMs: 20_000,
        what: '7 orders in Prometheus',
      });

      expect(await query('sum(app_lifecycle_state{state="ready"})')).toBe('1');
      // One target per pod that asks for it, named as the alerts name it.
      const { activeTargets } = (await ask('targets')) as {
        activeTargets: { scrapeUrl: string; labels: object }[];
      };
      expect(activeTargets.map(({ scrapeUrl, labels }) => ({ scrapeUrl, labels }))).toEqual([
        {
          scrapeUrl: `http://127.0.0.1:${shop.adminPort}/metrics`,
          labels: {
            ...{ app: 'coffee-shop', version: 'v1', pod: 'coffee-1', namespace: 'default', job: 'pods' },
            instance: `127.0.0.1:${shop.adminPort}`,
          },
        },
      ]);
      await waitFor(
        async () => {
          const { groups } = (await ask('rules')) as {
            groups: { rules: { name: string; health: string; state: string }[] }[];
          };
          const rules = groups.flatMap((group) => group.rules);
          return (
            rules.length === 9 && rules.every(({ health, state }) => health === 'ok' && state === 'inactive')
          );
        },
        { deadlineMs: 20_000, what: 'every rule to be evaluated, and none to fire' },
      );
      server.signal('SIGTERM');
      await server.exited;
    },
    60_000,
  );
});
