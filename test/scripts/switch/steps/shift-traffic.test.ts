import { describe, expect, it } from '@jest/globals';
import { perform } from '../../../../scripts/switch/perform.ts';
import { drainOld } from '../../../../scripts/switch/steps/drain-old.ts';
import { shiftTraffic } from '../../../../scripts/switch/steps/shift-traffic.ts';
import { autoscaler, changesOf, deployment, named, route, standing, subset } from './standing.ts';

const both = [subset('v1'), subset('v2')];
const deployed = [deployment('v1'), deployment('v2')];
const marked = { ...route('v2'), name: 'main--switch-v1-to-v2-0123abcd' };

describe('the step shift-traffic', () => {
  it('names the candidate in the routes of the current version, under a name of this switch', async () => {
    const { context } = await standing({ subsets: both, deployments: deployed });
    expect(await changesOf(shiftTraffic, context)).toEqual([
      'VirtualService coffee-shop',
      '- - name: main',
      '+ - name: main--switch-v1-to-v2-0123abcd',
      '    route:',
      '          host: coffee-shop',
      '-         subset: v1',
      '+         subset: v2',
    ]);
  });

  it('names the routes anew in each run of a switch, forward and back: a proxy may still have those of a run before', async () => {
    const { context } = await standing({
      subsets: both,
      deployments: deployed,
      before: { deployment: false, subset: false },
    });
    expect(await changesOf(shiftTraffic, context)).toContain('+ - name: main--switch-v1-to-v2-0123abcd-r2');
    const third = { ...context, record: { ...context.record, attempt: 3 } };
    const shifted = await perform(third, shiftTraffic);
    expect(await changesOf(named(shiftTraffic.undo), shifted)).toContain(
      '+ - name: main--switch-v2-to-v1-0123abcd-r3',
    );
  });

  it('asks for proof B, with which proof C of the current version begins and goes on in the next step', async () => {
    const { context, log } = await standing({ subsets: both, deployments: deployed });
    const next = await perform(context, shiftTraffic);
    await perform(next, drainOld);
    expect(log).toEqual([
      'patch VirtualService coffee-shop',
      'prove B, beginning C v1',
      'prove C v1, begun with B',
    ]);
  });

  it('begins proof C anew where a route holds requests back: one that came before B is counted nowhere yet', async () => {
    const delayed = { ...route('v1'), fault: { delay: { fixedDelay: '0.5s', percentage: { value: 100 } } } };
    const { context, log } = await standing({ subsets: both, routes: [delayed], deployments: deployed });
    const next = await perform(context, shiftTraffic);
    await perform(next, drainOld);
    expect(log.slice(1)).toEqual(['prove B, beginning C v1', 'prove C v1']);
  });

  it('makes the candidate as large as the current version has grown by then, after a canary', async () => {
    const { context, log } = await standing({
      subsets: both,
      deployments: [deployment('v1', 4), deployment('v2')],
      options: { canary: [5] },
      before: { deployment: false, subset: false },
    });
    await perform(context, shiftTraffic);
    expect(log.slice(0, 3)).toEqual([
      'patch Deployment coffee-shop-v2',
      'prove A v2',
      'patch VirtualService coffee-shop',
    ]);
  });

  it('shift-traffic is undone with proofs B and C, and then lets the current version’s autoscaler go', async () => {
    const { context, log } = await standing({
      subsets: both,
      routes: [marked],
      deployments: deployed,
      autoscalers: [autoscaler('v1', 2, '1')],
      before: { deployment: false, subset: false },
    });
    await perform(context, named(shiftTraffic.undo));
    expect(log).toEqual([
      'patch VirtualService coffee-shop',
      'prove B, beginning C v2',
      'prove C v2, begun with B',
      'patch HorizontalPodAutoscaler coffee-shop-v1',
    ]);
  });

  it('shift-traffic leaves a route of somebody else’s that names the candidate when it is undone, and asks for no quiet there', async () => {
    const { context, log } = await standing({
      subsets: both,
      routes: [marked, { ...route('v2'), name: 'theirs' }],
      deployments: deployed,
      before: { deployment: false, subset: false },
    });
    const next = await perform(context, named(shiftTraffic.undo));
    expect(log).toEqual(['patch VirtualService coffee-shop', 'prove B']);
    expect(next.lastSeen.names('v2')).toBe(true);
  });
});
