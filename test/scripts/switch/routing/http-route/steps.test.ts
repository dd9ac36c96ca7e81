import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject, Service } from '../../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../../scripts/shared/resources.ts';
import { perform } from '../../../../../scripts/switch/perform.ts';
import { planSwitch, planUndo } from '../../../../../scripts/switch/plan.ts';
import type { NamedPart } from '../../../../../scripts/switch/step.ts';
import { failureOf, standing } from '../../steps/standing.ts';
import type { Scene } from '../../steps/standing.ts';
import { httpRoute, instead, rules } from './scene.ts';

const scene = (more: Scene = {}) => standing({ instead: instead(), ...more });
type World = Awaited<ReturnType<typeof standing>>;

async function through(context: World['context'], plan: readonly NamedPart[]): Promise<World['context']> {
  let next = context;
  for (const part of plan) next = await perform(next, part);
  return next;
}

const steps = (options: Parameters<typeof planSwitch>[0] = {}) => planSwitch(options).slice(1);
const rulesIn = (object: KubernetesObject | undefined) => (object as ReturnType<typeof httpRoute>).spec.rules;
const readRoute = ({ cluster }: World) => cluster.get(resources.httpRoutes, 'coffee-shop');
const names = async ({ cluster }: World) =>
  (await cluster.list<Service>(resources.services)).map(({ metadata }) => metadata.name);

describe('the steps of a switch by HTTPRoute', () => {
  it('make the candidate’s Service, move the rules, remove the old Service, and prove each', async () => {
    const world = await scene();
    await through(world.context, steps());
    expect(world.log.filter((line) => !line.startsWith('note') && line !== 'renew')).toEqual([
      'apply Deployment coffee-shop-v2',
      'apply Service coffee-shop-v2',
      'apply Service barrier-0123abcd-v2',
      'prove A v2',
      'delete Service barrier-0123abcd-v2',
      'patch HTTPRoute coffee-shop',
      'prove B, beginning C v1',
      'prove C v1, begun with B',
      'prove A v2',
      'delete Service coffee-shop-v1',
      'prove v1 gone',
      'prove A v2',
      'delete Deployment coffee-shop-v1',
      'patch HTTPRoute coffee-shop',
      'prove B',
    ]);
    expect(await names(world)).toEqual(['coffee-shop', 'coffee-shop-v2']);
  });

  it('make the Service like that of the current version, without what is its own', async () => {
    const world = await scene();
    const [deploy, add] = steps();
    await through(
      world.context,
      [deploy, add].filter((part) => part !== undefined),
    );
    const made = await world.cluster.get<Service>(resources.services, 'coffee-shop-v2');
    expect(made?.spec).toEqual({
      selector: { app: 'coffee-shop', version: 'v2' },
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    });
    expect(made?.metadata).toMatchObject({
      labels: { app: 'coffee-shop', version: 'v2' },
      annotations: { note: 'kept' },
    });
    expect(made?.metadata.annotations).not.toHaveProperty(['argocd.argoproj.io/tracking-id']);
  });

  it('leave the HTTPRoute as its author wrote it, but for the version', async () => {
    const world = await scene();
    await through(world.context, steps());
    const object = await readRoute(world);
    const expected = JSON.parse(
      JSON.stringify(rules).replaceAll('coffee-shop-v1', 'coffee-shop-v2'),
    ) as unknown;
    expect(rulesIn(object)).toEqual(expected);
    expect(object?.metadata.annotations).toEqual({ 'example.com/owner': 'team-coffee' });
    expect((object as ReturnType<typeof httpRoute>).spec.parentRefs).toEqual(httpRoute().spec.parentRefs);
  });

  it('mark each rule that changes by a name of its own, and give shares of its weight', async () => {
    const world = await scene();
    await through(world.context, steps().slice(0, 2));
    const next = world.context.lastSeen.with([
      {
        resource: resources.services,
        object: (await world.cluster.get(resources.services, 'coffee-shop-v2')) as Service,
      },
    ]);
    const [change] = next.move({ from: 'v1', to: 'v2', share: 10, marker: 'switch-v1-to-v2-0123abcd-p10' });
    const moved = rulesIn(change?.after) ?? [];
    expect(moved.map(({ name }) => name)).toEqual([
      undefined,
      'testers--switch-v1-to-v2-0123abcd-p10',
      undefined,
      'switch-v1-to-v2-0123abcd-i3-p10',
      'switch-v1-to-v2-0123abcd-i4-p10',
    ]);
    expect(moved[4]?.backendRefs?.map(({ name, weight }) => [name, weight])).toEqual([
      ['coffee-shop-v1', 27],
      ['coffee-shop-v2', 3],
      ['tea', 10],
    ]);
    expect(change?.guarded).toBe('rules');
    expect(
      next
        .with([{ resource: resources.httpRoutes, object: change?.after as KubernetesObject }])
        .shareAt('switch-v1-to-v2-0123abcd'),
    ).toBe(10);
  });

  it('give everything back when a switch is undone: the same rules, no Service of the candidate', async () => {
    const world = await scene();
    const shifted = await through(world.context, steps().slice(0, 3));
    expect(JSON.stringify(rulesIn(await readRoute(world)))).toContain('switch-v1-to-v2');
    await through(shifted, planUndo());
    expect(rulesIn(await readRoute(world))).toEqual(rules);
    expect(await names(world)).toEqual(['coffee-shop', 'coffee-shop-v1']);
  });

  it('make the old Service again, with a barrier, when it was removed already', async () => {
    const world = await scene();
    const removed = await through(world.context, steps().slice(0, 5));
    expect(await names(world)).not.toContain('coffee-shop-v1');
    world.log.length = 0;
    await through(removed, planUndo());
    expect(world.log.filter((line) => line.includes('v1')).slice(0, 4)).toEqual([
      'apply Service coffee-shop-v1',
      'apply Service barrier-0123abcd-v1',
      'prove A v1',
      'delete Service barrier-0123abcd-v1',
    ]);
    expect(rulesIn(await readRoute(world))).toEqual(rules);
  });

  it('do not remove the Service of a version that a rule still names', async () => {
    const world = await scene();
    const remove = steps().find(({ name }) => name === 'remove-subset');
    expect(remove).toBeDefined();
    const deployed = await through(world.context, steps().slice(0, 2));
    const failure = remove && (await failureOf(deployed, remove));
    expect(String(failure)).toContain('a route still names v1; its Service stays');
    expect(await names(world)).toContain('coffee-shop-v1');
  });

  it('stop at once when Istio refuses the rules that were written', async () => {
    const world = await scene();
    const route = await readRoute(world);
    const conditions = [
      { type: 'ResolvedRefs', status: 'False', reason: 'BackendNotFound', observedGeneration: 9 },
    ];
    const parent = { controllerName: 'istio.io/gateway-controller', parentRef: { name: 'shop' }, conditions };
    const said = { ...route, status: { parents: [parent] } } as KubernetesObject;
    const { cluster } = world.context;
    const refusing = {
      ...world.context,
      cluster: {
        ...cluster,
        get: (...args: Parameters<typeof cluster.get>) =>
          args[0] === resources.httpRoutes ? Promise.resolve(said) : cluster.get(...args),
      } as typeof cluster,
    };
    const shift = steps().find(({ name }) => name === 'shift-traffic');
    const failure = shift && (await failureOf(refusing, shift));
    expect(String(failure)).toContain('ResolvedRefs is False, BackendNotFound');
  });
});
