/**
 * Somebody else edits what the switch works on, and takes it back
 * later. Each edit is sound in itself: it names only what serves.
 */
import type {
  DestinationRule,
  KubernetesObject,
  VirtualService,
} from '../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../scripts/shared/resources.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import type { Prng } from '../time/prng.ts';
import type { World } from '../world/world.ts';

const WHO = 'somebody';

/** Patches the one object of its kind, where there is one. */
function editThe(resource: Resource, { api }: World, edit: (object: KubernetesObject) => object): void {
  const [object] = api.list(resource, undefined);
  if (object === undefined) return;
  const { name, namespace = '' } = object.metadata;
  api.patch(WHO, { resource, namespace, name }, { spec: edit(object) });
}

const editRoutes = (world: World, edit: (http: HttpRoutes) => HttpRoutes) =>
  editThe(resources.virtualServices, world, (object) => ({
    http: edit((object as VirtualService).spec.http ?? []),
  }));
type HttpRoutes = NonNullable<VirtualService['spec']['http']>;

const edits: ((world: World) => void)[] = [
  (world) => editRoutes(world, (http) => http.map((route) => ({ ...route, timeout: '5s' }))),
  function headerRoute(world) {
    editRoutes(world, (http) => {
      const match = [{ headers: { 'x-beta': { exact: 'yes' } } }];
      return [{ ...http.at(-1), name: WHO, match }, ...http];
    });
  },
  (world) =>
    editThe(resources.destinationRules, world, () => ({
      trafficPolicy: { connectionPool: { tcp: { maxConnections: 100 } } },
    })),
];

export function editSomething(world: World, prng: Prng): void {
  prng.pick(edits)(world);
}

function without<T extends object>(object: T, field: string): T {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== field)) as T;
}

/** Takes back whatever of it is left. */
export function withdrawEdits(world: World): void {
  editRoutes(world, (http) =>
    http.filter(({ name = '' }) => !name.startsWith(WHO)).map((route) => without(route, 'timeout')),
  );
  editThe(resources.destinationRules, world, (object) =>
    (object as DestinationRule).spec['trafficPolicy'] === undefined ? {} : { trafficPolicy: null },
  );
}
