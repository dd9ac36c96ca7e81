/** Once a switch is over it owns no field any more: whoever has the files applies them without a conflict. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parseObjects, renderSets } from '../../../../scripts/render/index.ts';
import { connectCluster, type Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { runTool } from '../../../support/tools/run-tool.ts';
import { findTools } from '../../../support/tools/tools.ts';
import { root, startCoffeeCluster, type CoffeeCluster } from '../../../support/cluster.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';

const values = { pod: 'naive', replicas: '1', retries: '0' };
const sets = ['version', 'subsets', 'route', 'autoscaler'];
let coffee: CoffeeCluster;
let own: Cluster;
let folder: string;
const tools = await findTools();

const atEnd = endAfterAll();
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ownership-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  coffee = await startCoffeeCluster({ empty: true });
  atEnd(() => coffee.close());
  await coffee.apply('istio/cluster.yaml', ['base', ...sets], values);
  const choice = { kubeconfigs: [coffee.playground.kubeconfig] };
  own = await connectCluster(choice, { fieldManager: 'zero-downtime-switch' });
  atEnd(() => own.close());
  await coffee.untilServed();
}, 60_000);

const switchTo = (version: string, more: object = {}) =>
  coffee.switchTo(version, { cluster: own, set: { pod: 'naive' }, quietMs: 200, ...more });

/** The objects whose fields the switch owns. */
async function owned(): Promise<string[]> {
  const kinds = [
    resources.virtualServices,
    resources.destinationRules,
    resources.deployments,
    resources.horizontalPodAutoscalers,
    resources.services,
  ];
  const all = await Promise.all(kinds.map((resource) => coffee.cluster.list(resource)));
  return all.flat().flatMap(({ metadata }) => {
    const entries = (metadata['managedFields'] ?? []) as { manager?: string }[];
    return entries.some(({ manager }) => manager === 'zero-downtime-switch') ? [metadata.name] : [];
  });
}

/** What the author has in Git, with `version` serving. */
async function filesOf(version: string, more: Record<string, string> = {}): Promise<KubernetesObject[]> {
  const vars = { ...values, version, live: version, subsets: version, ...more };
  return parseObjects(await renderSets(path.join(root, 'istio/cluster.yaml'), { include: sets, vars }));
}

/** Applied by somebody else, without force; gives what the server refused. */
async function applyAs(manager: string, objects: KubernetesObject[]): Promise<string> {
  if (typeof tools === 'string') {
    const author = await connectCluster(
      { kubeconfigs: [coffee.playground.kubeconfig] },
      { fieldManager: manager },
    );
    try {
      for (const object of objects) await author.apply(object);
      return '';
    } catch (error) {
      return String(error);
    } finally {
      await author.close();
    }
  }
  const file = path.join(folder, 'files.yaml');
  writeFileSync(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  const { exit, stderr } = await runTool(
    tools.kubectl,
    ['apply', '--server-side', `--field-manager=${manager}`, '-f', file],
    { env: { HOME: folder, KUBECONFIG: coffee.playground.kubeconfig, PATH: process.env['PATH'] ?? '' } },
  );
  return exit === 0 ? '' : stderr;
}

describe('a switch that is over', () => {
  it('a switch that is over owns nothing, and other files of another manager apply without force', async () => {
    expect(await switchTo('v2')).toMatchObject({ ok: true, outcome: 'switched', live: 'v2' });
    expect(await owned()).toEqual([]);
    // Other values than the switch wrote: the marker, an image, a size.
    const files = await filesOf('v2', { marker: 'from-git', image: 'coffee-shop:1.0.0', maxReplicas: '7' });
    expect(await applyAs('gitops', files)).toBe('');
    expect(await owned()).toEqual([]);
  }, 90_000);

  it('a switch that was undone, on request or after a failure, owns nothing', async () => {
    expect(await switchTo('v3', { keepOld: true })).toMatchObject({ ok: true, live: 'v3' });
    expect(await owned()).toEqual([]);
    expect(await switchTo('v3', { undo: true })).toMatchObject({ ok: true, outcome: 'undone', live: 'v2' });
    expect(await owned()).toEqual([]);
    const failed = await switchTo('v4', { image: 'no-such-thing:9', stepTimeoutMs: 2000 });
    expect(failed).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect(await owned()).toEqual([]);
    expect(await applyAs('gitops', await filesOf('v2', { marker: 'again', maxReplicas: '8' }))).toBe('');
  }, 120_000);

  it('a switch keeps what it left for a look, and gives that up when its next try is over', async () => {
    const failed = await switchTo('v5', { image: 'no-such-thing:9', stepTimeoutMs: 2000, keepFailed: true });
    expect(failed).toMatchObject({ ok: false, outcome: 'undone', live: 'v2' });
    expect(await owned()).toEqual(['coffee-shop-v5', 'coffee-shop-v5']);
    expect(await switchTo('v5')).toMatchObject({ ok: true, live: 'v5' });
    expect(await owned()).toEqual([]);
  }, 90_000);
});
