import { describe, expect, it } from '@jest/globals';
import { perform } from '../../../../scripts/switch/perform.ts';
import { deployVersion } from '../../../../scripts/switch/steps/deploy-version.ts';
import { autoscaler, changesOf, deployment, failureOf, named, route, standing, subset } from './standing.ts';

const none = { deployment: false, subset: false };

describe('the step deploy-version', () => {
  it('makes the candidate at the current version’s present size, and waits until every pod is ready and answers', async () => {
    const { context, log, run } = await standing({ deployments: [deployment('v1', 3)] });
    const changes = await deployVersion.changes(context);
    expect(changes.map(({ verb, name }) => `${verb} ${name}`)).toEqual(['apply coffee-shop-v2']);
    expect(changes[0]?.after?.['spec']).toMatchObject({ replicas: 3 });
    await perform(context, deployVersion);
    expect(log).toEqual(['apply Deployment coffee-shop-v2']);
    expect(run.steps.at(-1)).toMatchObject({
      name: 'deploy-version',
      subject: { kind: 'Deployment', name: 'coffee-shop-v2' },
      detail: '3/3 pods ready',
    });
  });

  it('takes a Deployment that is there as it is, and only makes it as large as the current version', async () => {
    const small = await standing({ deployments: [deployment('v1', 3), deployment('v2', 1)], before: none });
    expect(await changesOf(deployVersion, small.context)).toEqual([
      'Deployment coffee-shop-v2',
      '  spec:',
      '-   replicas: 1',
      '+   replicas: 3',
    ]);
    const large = await standing({ deployments: [deployment('v1'), deployment('v2', 3)], before: none });
    expect(await changesOf(deployVersion, large.context)).toEqual([
      'Deployment coffee-shop-v2 is there already and stays as it is',
    ]);
  });

  it('puts a floor under an autoscaler that is there before it adds pods', async () => {
    const { context, log } = await standing({
      deployments: [deployment('v1', 3), deployment('v2', 1)],
      autoscalers: [autoscaler('v2', 1)],
      before: none,
    });
    await perform(context, deployVersion);
    expect(log).toEqual(['patch HorizontalPodAutoscaler coffee-shop-v2', 'patch Deployment coffee-shop-v2']);
  });

  it('copies the current version’s autoscaler, held at the size that takes the traffic', async () => {
    const { context } = await standing({ autoscalers: [autoscaler('v1', 1)] });
    const copy = (await deployVersion.changes(context)).at(-1);
    expect(copy).toMatchObject({ verb: 'apply', name: 'coffee-shop-v2' });
    expect(copy?.after?.['spec']).toMatchObject({
      minReplicas: 2,
      scaleTargetRef: { name: 'coffee-shop-v2' },
    });
  });

  it('gives a Deployment that was there before the switch no autoscaler', async () => {
    const { context } = await standing({
      deployments: [deployment('v1'), deployment('v2')],
      autoscalers: [autoscaler('v1', 1)],
      before: { deployment: true, subset: false },
    });
    expect((await deployVersion.changes(context)).map(({ verb }) => verb)).toEqual(['keep']);
  });

  it('deploy-version is undone by deleting the candidate and its autoscaler, the Deployment first, as the one operator', async () => {
    const { context, log } = await standing({
      deployments: [deployment('v1'), deployment('v2')],
      autoscalers: [autoscaler('v2', 2, '1')],
      before: none,
    });
    await perform(context, named(deployVersion.undo));
    expect(log).toEqual([
      'renew',
      'delete Deployment coffee-shop-v2',
      'delete HorizontalPodAutoscaler coffee-shop-v2',
    ]);
  });

  it('leaves a candidate that was there before the switch, and gives its autoscaler the author’s minimum', async () => {
    const { context, log } = await standing({
      deployments: [deployment('v1'), deployment('v2')],
      autoscalers: [autoscaler('v2', 2, '1')],
      before: { deployment: true, subset: true },
    });
    await perform(context, named(deployVersion.undo));
    expect(log).toEqual(['patch HorizontalPodAutoscaler coffee-shop-v2']);
  });

  it('deletes nothing that a route still names when it is undone', async () => {
    const { context, log } = await standing({
      deployments: [deployment('v1'), deployment('v2')],
      subsets: [subset('v1'), subset('v2')],
      routes: [route('v1', 'v2')],
      before: none,
    });
    const failure = await failureOf(context, named(deployVersion.undo));
    expect(failure).toMatchObject({ message: 'a route still names v2; it is left running' });
    expect(log.filter((line) => line.startsWith('delete'))).toEqual([]);
  });
});
