import type { KubeObject, ObjectStore, ResourceKey } from '../../storage/types.ts';
import { GatewayApiWatch } from '../gateway-api/watch.ts';
import type { MeshState } from './istio-objects.ts';
import { namespaceOf } from './istio-objects.ts';
import { EXPORT_TO } from './services.ts';

/** `endpoints`: only endpoints may differ; `config`: clusters, listeners and routes as well. */
export type ChangeKind = 'endpoints' | 'config';

type Watched = Exclude<keyof MeshState, 'gatewayApi'>;

const WATCHED: Record<Watched, { resource: ResourceKey; kind: ChangeKind }> = {
  services: { resource: 'v1/services', kind: 'config' },
  endpointSlices: { resource: 'discovery.k8s.io/v1/endpointslices', kind: 'endpoints' },
  pods: { resource: 'v1/pods', kind: 'endpoints' },
  gateways: { resource: 'networking.istio.io/v1/gateways', kind: 'config' },
  virtualServices: { resource: 'networking.istio.io/v1/virtualservices', kind: 'config' },
  destinationRules: { resource: 'networking.istio.io/v1/destinationrules', kind: 'config' },
  sidecars: { resource: 'networking.istio.io/v1/sidecars', kind: 'config' },
};

/**
 * istiod's view of the cluster, kept current by watches. Changes of
 * metadata or status alone do not count as changes of configuration.
 */
export class ConfigStore {
  readonly #objects: Record<Watched, Map<string, KubeObject>> = {
    services: new Map(),
    endpointSlices: new Map(),
    pods: new Map(),
    gateways: new Map(),
    virtualServices: new Map(),
    destinationRules: new Map(),
    sidecars: new Map(),
  };
  readonly #stop: (() => void)[] = [];
  readonly #gatewayApi: GatewayApiWatch;

  constructor(store: ObjectStore, onChange: (kind: ChangeKind) => void) {
    for (const [name, { resource, kind }] of Object.entries(WATCHED) as [
      Watched,
      (typeof WATCHED)[Watched],
    ][]) {
      const objects = this.#objects[name];
      this.#stop.push(
        store.watch(resource, {}, ({ type, object }) => {
          const key = `${namespaceOf(object)}/${object.metadata.name}`;
          const before = objects.get(key);
          if (type === 'DELETED') objects.delete(key);
          else objects.set(key, object);
          if (type === 'DELETED' || before === undefined || matters(name, before, object)) onChange(kind);
        }),
      );
    }
    this.#gatewayApi = new GatewayApiWatch(store, () => onChange('config'));
  }

  state(): MeshState {
    const { services, endpointSlices, pods } = this.#objects;
    const { gateways, virtualServices, destinationRules, sidecars } = this.#objects;
    const gatewayApi = this.#gatewayApi.state();
    return {
      services: [...services.values()],
      endpointSlices: [...endpointSlices.values()],
      pods: [...pods.values()],
      gateways: [...gateways.values()],
      virtualServices: [...virtualServices.values()],
      destinationRules: [...destinationRules.values()],
      sidecars: [...sidecars.values()],
      ...(gatewayApi === undefined ? {} : { gatewayApi }),
    } as MeshState;
  }

  close(): void {
    for (const stop of this.#stop) stop();
    this.#gatewayApi.close();
  }
}

/**
 * Of a pod only its labels and address reach a proxy, of a Service also who may know it; everywhere else
 * `spec`, or what a slice has instead of one.
 */
function matters(name: Watched, before: KubeObject, after: KubeObject): boolean {
  const relevant = (object: KubeObject): unknown => {
    if (name === 'pods')
      return [object.metadata.labels, (object.status as { podIP?: string } | undefined)?.podIP];
    if (name === 'services') return [object.spec, object.metadata.annotations?.[EXPORT_TO]];
    return [object.spec, object['endpoints'], object['ports']];
  };
  return JSON.stringify(relevant(before)) !== JSON.stringify(relevant(after));
}
