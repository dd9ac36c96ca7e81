import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resources } from '../../../../scripts/shared/resources.ts';
import { quickDelays, startServingShop, type CoffeeCluster } from '../../../support/cluster.ts';
import { killAfter, settings, standing } from '../../../support/killed-switch.ts';

let coffee: CoffeeCluster;
beforeAll(async () => {
  coffee = await startServingShop(settings.set, { delays: quickDelays });
}, 60_000);
afterAll(() => coffee.close());

// One write on the way there, one on the way back: test/stories/switch kills after each, and
// test/matrix/switch after reads and proofs too.
describe('a switch killed in the middle', () => {
  it('is resumed by the next run, or undone by it, and loses nothing', async () => {
    const seen: string[] = [];
    const account = await coffee.underLoad(
      async () => {
        seen.push(...(await killAfter(coffee, [4], 'resume')));
        seen.push(...(await killAfter(coffee, [5], 'undo')));
      },
      { qps: 50, connections: 10 },
    );
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    expect(seen).toHaveLength(2);
  }, 90_000);
});

describe('dry-run and status', () => {
  it('a dry run and status print the plan and the standing and write nothing', async () => {
    const versions = async () => {
      const objects = await Promise.all(
        Object.values(resources)
          .filter(({ plural }) =>
            ['virtualservices', 'destinationrules', 'deployments', 'leases'].includes(plural),
          )
          .map((resource) => coffee.cluster.list(resource)),
      );
      return objects.flat().map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion ?? ''}`);
    };
    const before = await versions();
    const [live = ''] = (await standing(coffee)).live;
    const result = await coffee.switchTo('v9', { ...settings, dryRun: true });
    expect(result).toMatchObject({ ok: true, outcome: 'planned', live });
    const plan = Object.fromEntries(
      (result.plan ?? []).map(({ name, changes }) => [name, changes.join('\n')]),
    );
    expect(plan['deploy-version']).toContain('+   name: coffee-shop-v9');
    expect(plan['add-subset']).toContain('+ - name: v9');
    expect(plan['shift-traffic']).toMatch(new RegExp(`-\\s+subset: ${live}\\n\\+\\s+subset: v9`));
    expect(plan['delete-old']).toBe(`- Deployment coffee-shop-${live} (2 pods)`);
    expect(await versions()).toEqual(before);
  });
});
