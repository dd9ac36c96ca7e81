/**
 * Somebody else edits what the switch works on, and takes it back
 * later. Each edit is sound in itself: it names only what serves.
 */
import type { DestinationRule, VirtualService } from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Prng } from '../time/prng.ts';
import { APP, NAMESPACE } from '../world/manifests.ts';
import type { World } from '../world/world.ts';

const WHO = 'somebody';
const routesPlace = { resource: resources.virtualServices, namespace: NAMESPACE, name: APP };
const rulePlace = { resource: resources.destinationRules, namespace: NAMESPACE, name: APP };

function editRoutes({ api }: World, edit: (http: HttpRoutes) => HttpRoutes): void {
  const { spec } = api.get(routesPlace) as VirtualService;
  api.patch(WHO, routesPlace, { spec: { http: edit(spec.http ?? []) } });
}
type HttpRoutes = NonNullable<VirtualService['spec']['http']>;

const edits: ((world: World) => void)[] = [
  (world) => editRoutes(world, (http) => http.map((route) => ({ ...route, timeout: '5s' }))),
  function headerRoute(world) {
    editRoutes(world, (http) => {
      const match = [{ headers: { 'x-beta': { exact: 'yes' } } }];
      return [{ ...http.at(-1), name: WHO, match }, ...http];
    });
  },
  ({ api }) =>
    void api.patch(WHO, rulePlace, {
      spec: { trafficPolicy: { connectionPool: { tcp: { maxConnections: 100 } } } },
    }),
];

export function editSomething(world: World, prng: Prng): void {
  prng.pick(edits)(world);
}

function without<T extends object>(object: T, field: string): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== field)) as T;
}

/** Takes back whatever of it is left. */
export function withdrawEdits(world: World): void {
  const { api } = world;
  editRoutes(world, (http) =>
    http.filter(({ name = '' }) => !name.startsWith(WHO)).map((route) => without(route, 'timeout')),
  );
  const { spec } = api.get(rulePlace) as DestinationRule;
  if (spec['trafficPolicy'] !== undefined) api.patch(WHO, rulePlace, { spec: { trafficPolicy: null } });
}
