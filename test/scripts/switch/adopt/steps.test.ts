import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../../scripts/shared/clock.ts';
import type { Clock } from '../../../../scripts/shared/clock.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { addPlainSubset } from '../../../../scripts/switch/adopt/add-plain-subset.ts';
import { pauseRollouts } from '../../../../scripts/switch/adopt/pause-rollouts.ts';
import { planAdoption, planUndoAdoption } from '../../../../scripts/switch/adopt/plan-adoption.ts';
import { routeToPlain } from '../../../../scripts/switch/adopt/route-to-plain.ts';
import type { SwitchContext } from '../../../../scripts/switch/context.ts';
import { describePlan } from '../../../../scripts/switch/dry-run.ts';
import { perform } from '../../../../scripts/switch/perform.ts';
import type { NamedPart } from '../../../../scripts/switch/step.ts';
import { changesOf, failureOf, named, plainDeployment, route, subset } from '../steps/standing.ts';
import { adopting, everyPod, plainSubset } from './plain-scene.ts';

async function inOrder(context: SwitchContext, parts: readonly NamedPart[]): Promise<SwitchContext> {
  let next = context;
  for (const part of parts) next = await perform(next, part);
  return next;
}

describe('the step pause-rollouts', () => {
  it('keeps the plain pods of the template by whose hash the proxies will know them', async () => {
    const { context, log } = await adopting();
    expect(await changesOf(pauseRollouts, context)).toEqual([
      'Deployment coffee-shop',
      '+ spec:',
      '+   paused: true',
    ]);
    await perform(context, pauseRollouts);
    expect(log).toEqual(['patch Deployment coffee-shop']);
  });

  it('does nothing once the traffic is on the copy', async () => {
    const { context, log } = await adopting({
      subsets: [subset('v1')],
      routes: [route('v1')],
      deployments: [plainDeployment(0, { paused: true })],
    });
    await perform(context, pauseRollouts);
    expect(log).toEqual([]);
  });
});

describe('the step add-plain-subset', () => {
  it('makes a DestinationRule of the pods that serve, with a barrier that goes once A is proven', async () => {
    const { context, log, cluster } = await adopting();
    const changes = await changesOf(addPlainSubset, context);
    expect(changes).toContain('+     - name: plain');
    expect(changes).toContain('+         pod-template-hash: hash-of-coffee-shop');
    expect(changes).toContain('+     - name: barrier-new-0');
    const next = await perform(context, addPlainSubset);
    expect(log).toEqual([
      'apply DestinationRule coffee-shop',
      'prove A plain',
      'patch DestinationRule coffee-shop',
    ]);
    const rule = await cluster.get(resources.destinationRules, 'coffee-shop');
    expect(rule?.['spec']).toEqual({ host: 'coffee-shop', subsets: [plainSubset] });
    expect(next.lastSeen.proven).toBeDefined();
  });

  it('adds it to a DestinationRule that is there, and takes it from there again', async () => {
    const { context, cluster } = await adopting({ subsets: [] });
    const next = await inOrder(context, [addPlainSubset, named(addPlainSubset.undo)]);
    expect(next.lastSeen.has('plain')).toBe(false);
    expect((await cluster.get(resources.destinationRules, 'coffee-shop'))?.['spec']).toEqual({
      host: 'coffee-shop',
      subsets: [],
    });
  });

  it('adds nothing once the traffic is on the copy: nobody could prove a version without pods', async () => {
    const { context, log } = await adopting({ subsets: [subset('v1')], routes: [route('v1')] });
    await perform(context, addPlainSubset);
    expect(log).toEqual([]);
  });

  it('leaves the subset while a route names it', async () => {
    const { context } = await adopting({ subsets: [plainSubset], routes: [route('plain')] });
    expect(String(await failureOf(context, named(addPlainSubset.undo)))).toMatch(
      /a route still names plain; its subset stays/,
    );
  });
});

describe('the step route-to-plain', () => {
  it('makes a VirtualService that does what the sidecars did without one, and proves B', async () => {
    const { context, log, cluster } = await adopting({ subsets: [plainSubset] });
    const asked: unknown[] = [];
    const prover: SwitchContext['prover'] = {
      ...context.prover,
      routes: (claim, deadline) => {
        asked.push(claim.leaving);
        return context.prover.routes(claim, deadline);
      },
    };
    await perform({ ...context, prover }, routeToPlain);
    expect(log).toEqual(['apply VirtualService coffee-shop', 'prove B']);
    expect(asked).toEqual([undefined]);
    const routes = await cluster.get(resources.virtualServices, 'coffee-shop');
    expect(routes?.['spec']).toEqual({
      hosts: ['coffee-shop'],
      http: [
        {
          name: 'first-release--switch-all-to-plain-0123abcd',
          route: [{ destination: { host: 'coffee-shop', port: { number: 80 }, subset: 'plain' } }],
        },
      ],
    });
  });

  it('is rolled back only when every proxy knows that the copy is gone, and what it held back is sent', async () => {
    const delayed = { ...everyPod, fault: { delay: { fixedDelay: '0.2s' } } };
    const { context, log } = await adopting({ subsets: [plainSubset], routes: [delayed] });
    const there = await perform(context, routeToPlain);
    log.length = 0;
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after(ms, callback) {
        waits.push(ms);
        return systemClock.after(0, callback);
      },
    };
    const asked: string[] = [];
    const prover: SwitchContext['prover'] = {
      ...context.prover,
      async endpoints(claim, deadline) {
        asked.push(...(await claim.pods()).addresses);
        return context.prover.endpoints(claim, deadline);
      },
    };
    await perform({ ...there, clock, prover }, named(routeToPlain.undo));
    expect(log[0]).toBe('prove A of every pod');
    expect(asked).toEqual(['10.0.0.0', '10.0.0.1']);
    expect(log.indexOf('prove B')).toBeGreaterThan(log.indexOf('patch VirtualService coffee-shop'));
    expect(waits).toContain(200);
  });

  it('names no port where the Service has several: each request goes to the one it came for', async () => {
    const ports = [{ port: 80 }, { port: 81, name: 'http-admin' }];
    const { context } = await adopting({ subsets: [plainSubset], service: { ports } });
    expect((await changesOf(routeToPlain, context)).join('\n')).not.toContain('number:');
  });

  it('changes the routes to every pod, mirrors too, and no others', async () => {
    const others = { name: 'tea', route: [{ destination: { host: 'tea-house' } }] };
    const mirrored = { ...everyPod, name: 'mirrored', mirror: { host: 'coffee-shop' } };
    const { context, cluster } = await adopting({
      subsets: [plainSubset],
      routes: [everyPod, others, mirrored],
    });
    const there = await perform(context, routeToPlain);
    const http = async () =>
      ((await cluster.get(resources.virtualServices, 'coffee-shop'))?.['spec'] as { http: unknown[] }).http;
    const marker = 'switch-all-to-plain-0123abcd';
    const to = { host: 'coffee-shop', subset: 'plain' };
    expect(await http()).toEqual([
      { name: `main--${marker}`, route: [{ destination: to }] },
      others,
      { name: `mirrored--${marker}`, route: [{ destination: to }], mirror: to },
    ]);
    await perform(there, named(routeToPlain.undo));
    expect(await http()).toEqual([everyPod, others, mirrored]);
  });
});

describe('the plan of an adoption', () => {
  it('is shown as a whole: each step on what the one before it would leave, and nothing is written', async () => {
    const { context, log } = await adopting();
    const plan = await describePlan(context, planAdoption(context));
    expect(plan.map(({ name }) => name)).toEqual([
      'pause-rollouts',
      'add-plain-subset',
      'route-to-plain',
      'deploy-version',
      'add-subset',
      'shift-traffic',
      'drain-old',
      'remove-subset',
      'delete-old',
      'restore-names',
    ]);
    const changesIn = (name: string) => plan.find((step) => step.name === name)?.changes ?? [];
    expect(changesIn('add-subset')).toEqual([
      'DestinationRule coffee-shop',
      '      pod-template-hash: hash-of-coffee-shop',
      '+ - name: v1',
      '+   labels:',
      '+     version: v1',
    ]);
    expect(changesIn('shift-traffic').filter((line) => line.includes('subset'))).toEqual([
      '-         subset: plain',
      '+         subset: v1',
    ]);
    expect(changesIn('delete-old')).toEqual(['- Deployment coffee-shop (2 pods)']);
    expect(changesIn('restore-names').at(-1)).toMatch(/^\+ - name: first-release$|^ {4}/);
    expect(plan.map(({ proof }) => proof)).not.toContain('');
    expect(log).toEqual([]);
  });

  it('leads to the copy alone, and all it has made besides is gone', async () => {
    const { context, cluster } = await adopting();
    await inOrder(context, planAdoption(context));
    const spec = async (resource: (typeof resources)['virtualServices' | 'destinationRules']) =>
      (await cluster.get(resource, 'coffee-shop'))?.['spec'];
    expect(await spec(resources.destinationRules)).toEqual({ host: 'coffee-shop', subsets: [subset('v1')] });
    expect(await spec(resources.virtualServices)).toMatchObject({
      http: [{ name: 'first-release', route: [{ destination: { subset: 'v1' } }] }],
    });
    const deployments = await cluster.list(resources.deployments);
    expect(deployments.map(({ metadata }) => metadata.name)).toEqual(['coffee-shop-v1']);
  });

  it('is rolled back to the last object: what was made goes, the routes first, and the rollouts go on', async () => {
    const { context, cluster, log } = await adopting();
    const there = await inOrder(context, planAdoption(context).slice(0, 6));
    log.length = 0;
    await inOrder(there, planUndoAdoption(there));
    expect(log.filter((text) => /delete|patch Deployment/.test(text))).toEqual([
      'delete Deployment coffee-shop-v1',
      'delete VirtualService coffee-shop',
      'delete DestinationRule coffee-shop',
      'patch Deployment coffee-shop',
    ]);
    expect(log.filter((text) => text.startsWith('prove'))).toEqual([
      'prove A plain',
      'prove B, beginning C v1',
      'prove C v1, begun with B',
      'prove v1 gone',
      'prove A of every pod',
      'prove B',
      'prove plain gone',
    ]);
    const [deployment] = await cluster.list(resources.deployments);
    expect(deployment?.['spec']).not.toHaveProperty('paused');
  });

  it.each([
    ['nothing was made yet', {}, []],
    ['only the subset', { subsets: [plainSubset] }, ['prove plain gone']],
  ])('is rolled back only as far as there is something: %s', async (_what, scene, proofs) => {
    const { context, log } = await adopting(scene);
    await inOrder(context, planUndoAdoption(context));
    expect(log.filter((text) => text.startsWith('prove'))).toEqual(proofs);
  });

  it('tells the Service which objects bear other names, and takes that back', async () => {
    const { context, cluster } = await adopting({ subsets: [], routes: [everyPod] });
    const annotations = { 'zero-downtime/virtual-service': 'ways' };
    const adopts = {
      deployment: 'coffee-shop',
      hash: 'h',
      makes: { routes: false, subsets: false },
      annotations,
    };
    const told = { ...context, record: { ...context.record, adopts } };
    const annotationsNow = async () =>
      (await cluster.get(resources.services, 'coffee-shop'))?.metadata.annotations ?? {};
    const paused = await perform(told, pauseRollouts);
    expect(await annotationsNow()).toEqual(annotations);
    await perform(paused, named(pauseRollouts.undo));
    expect(await annotationsNow()).toEqual({});
  });
});
