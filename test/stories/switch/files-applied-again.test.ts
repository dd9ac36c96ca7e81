/**
 * A team that switches and applies its files again, as every pipeline does with the next commit.
 * With the end state written into them nothing is lost and nothing differs; without it the second
 * deploy undoes the first.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundleCommand } from '../../../scripts/render/bundle.ts';
import { parseObjects, renderSets } from '../../../scripts/render/index.ts';
import { connectCluster, type Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import { runSwitch, silentReporter, type SwitchOptions } from '../../../scripts/switch/index.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { endAfterAll } from '../../support/end-after-all.ts';
import { applyAsOwner, owners, withOwnersLoop } from '../../support/gitops-owners.ts';
import { findTools } from '../../support/tools/tools.ts';
import { applyFile, copyValuesFile, diffOf, sets, type ValuesFile } from '../../support/values-file.ts';

/** The article's load. */
const load = { qps: 500, connections: 50 };

let program: string;
let kubectl: string | undefined;
let folder: string;
const atEnd = endAfterAll();
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'files-applied-again-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const render = await bundleCommand();
  atEnd(() => render.remove());
  const tools = await findTools();
  kubectl = typeof tools === 'string' ? undefined : tools.kubectl;
  ({ program } = render);
}, 180_000);

interface Team {
  coffee: CoffeeCluster;
  own: Cluster;
  values: ValuesFile;
  kubeconfig: string;
  switchTo: (to: string, more?: Partial<SwitchOptions>) => ReturnType<typeof runSwitch>;
  apply: (...more: string[]) => ReturnType<typeof applyFile>;
  diff: () => Promise<string>;
}

/** A shop that was made by its files. @param by what the pipeline applies them with */
async function startTeam(name: string, by?: string): Promise<Team> {
  const values = copyValuesFile(path.join(folder, name));
  const coffee = await startServingShop({}, { clusterFile: values.file, delays: quickDelays });
  atEnd(() => coffee.close());
  const { kubeconfig } = coffee.playground;
  const own = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'zero-downtime-switch' });
  atEnd(() => own.close());
  const { file: clusterFile } = values;
  const told = { cluster: own, app: 'coffee-shop', clusterFile, quietMs: 200 };
  return {
    coffee,
    own,
    values,
    kubeconfig,
    switchTo: (to, more) => runSwitch({ ...told, to, ...more }, silentReporter),
    apply: (...more) => applyFile(values, { program, kubeconfig, kubectl: by }, ...more),
    diff: () => diffOf(values, { ...coffee, kubeconfig, folder }),
  };
}

describe.each(['kubectl', 'render itself'])('files that are written and applied again by %s', (by) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam(by, by === 'kubectl' ? kubectl : undefined);
  }, 60_000);

  it('lose nothing and differ in nothing, after two switches and an undo', async () => {
    const { coffee, values, switchTo, apply, diff } = team;
    const write = { writeValues: values.file };
    const account = await coffee.underLoad(async () => {
      for (const [to, more, live] of [
        ['v2', { image: 'coffee-shop:2.0.0' }, 'v2'],
        ['v3', { image: 'coffee-shop:3.0.0', keepOld: true }, 'v3'],
        ['v3', { undo: true }, 'v2'],
      ] as const) {
        expect(await switchTo(to, { ...write, ...more })).toMatchObject({ ok: true, live });
        expect(await apply()).toMatchObject({ code: 0 });
        expect(await diff()).toBe('');
      }
    }, load);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(account.sent).toBeGreaterThan(2000);
  }, 180_000);

  it('lose requests where nobody writes the end state: the negative control', async () => {
    const { coffee, switchTo, apply } = team;
    const account = await coffee.underLoad(async () => {
      expect(await switchTo('v4')).toMatchObject({ ok: true, live: 'v4' });
      // As it is, the apply is refused, and sends nothing.
      const refused = await apply();
      expect(refused).toMatchObject({ code: 2 });
      expect(refused.stderr).toContain('(v4 serves now)');
      expect(await apply('--force-dead-routes')).toMatchObject({ code: 0 });
    }, load);
    expect(account.lost).toBeGreaterThan(0);
  }, 120_000);
});

describe('an owner that applies the old files every second throughout a switch', () => {
  it('ends it with the current version serving, nothing lost, its name said, and the file as it was', async () => {
    const { coffee, values, kubeconfig, switchTo, diff } = await startTeam('owner');
    const old = parseObjects(await renderSets(values.file, { include: sets }));
    await applyAsOwner(kubeconfig, owners.Flux, old);
    const before = values.read();
    let result: Awaited<ReturnType<typeof switchTo>> | undefined;
    const account = await coffee.underLoad(async () => {
      const told = { writeValues: values.file, ownerPaused: true };
      ({ result } = await withOwnersLoop(kubeconfig, owners.Flux, old, () => switchTo('v2', told)));
    }, load);
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(result).toMatchObject({ ok: false, outcome: 'undone', live: 'v1' });
    expect(result?.error).toContain(`written by ${owners.Flux.manager} at `);
    expect(values.read()).toBe(before);
    expect(await diff()).toBe('');
  }, 120_000);
});
