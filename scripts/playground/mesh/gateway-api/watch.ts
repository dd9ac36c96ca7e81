/**
 * istiod's view of Gateway API: it takes up the kinds while the cluster has their definitions, without a
 * restart.
 */
import { isObject } from '../../storage/json.ts';
import type { KubeObject, ObjectStore } from '../../storage/types.ts';
import { GATEWAY_API, type GatewayApiState } from './objects.ts';

const DEFINITIONS = 'apiextensions.k8s.io/v1/customresourcedefinitions';

const KINDS = {
  gatewayclasses: 'gatewayClasses',
  gateways: 'gateways',
  httproutes: 'httpRoutes',
  referencegrants: 'referenceGrants',
} as const satisfies Record<string, keyof GatewayApiState>;
type Plural = keyof typeof KINDS;

interface Followed {
  stop: () => void;
  objects: Map<string, KubeObject>;
}

export class GatewayApiWatch {
  readonly #store: ObjectStore;
  readonly #onChange: () => void;
  readonly #followed = new Map<Plural, Followed>();
  readonly #namespaces = new Map<string, KubeObject>();
  readonly #stop: (() => void)[];

  constructor(store: ObjectStore, onChange: () => void) {
    this.#store = store;
    this.#onChange = onChange;
    this.#stop = [
      store.watch('v1/namespaces', {}, ({ type, object }) => {
        const { name, labels } = object.metadata;
        const before = this.#namespaces.get(name);
        if (type === 'DELETED') this.#namespaces.delete(name);
        else this.#namespaces.set(name, object);
        const isSame = type !== 'DELETED' && same(before?.metadata.labels, labels);
        if (this.#followed.has('gateways') && !isSame) onChange();
      }),
      store.watch(DEFINITIONS, {}, ({ type, object }) => {
        this.#onDefinition(type === 'DELETED', object);
      }),
    ];
  }

  /** Undefined while the cluster has no definitions of HTTPRoutes, Gateways and their classes. */
  state(): GatewayApiState | undefined {
    if (!(['gatewayclasses', 'gateways', 'httproutes'] as const).every((one) => this.#followed.has(one)))
      return undefined;
    const of = (plural: Plural) => [...(this.#followed.get(plural)?.objects.values() ?? [])];
    return {
      gatewayClasses: of('gatewayclasses') as GatewayApiState['gatewayClasses'],
      gateways: of('gateways') as GatewayApiState['gateways'],
      httpRoutes: of('httproutes') as GatewayApiState['httpRoutes'],
      referenceGrants: of('referencegrants') as GatewayApiState['referenceGrants'],
      namespaces: [...this.#namespaces.values()],
    };
  }

  close(): void {
    for (const stop of this.#stop) stop();
    for (const { stop } of this.#followed.values()) stop();
  }

  #onDefinition(gone: boolean, definition: KubeObject): void {
    const { group, names, versions } = definition.spec as {
      group: string;
      names: { plural: string };
      versions: { name: string; storage?: boolean }[];
    };
    const { plural } = names;
    if (group !== GATEWAY_API || !Object.hasOwn(KINDS, plural)) return;
    const kind = plural as Plural;
    const followed = this.#followed.get(kind);
    if (gone) {
      followed?.stop();
      this.#followed.delete(kind);
      if (followed !== undefined) this.#onChange();
      return;
    }
    const version = versions.find(({ storage }) => storage === true)?.name;
    // The API serves a kind from when its definition is established.
    if (followed !== undefined || version === undefined || !isEstablished(definition)) return;
    const objects = new Map<string, KubeObject>();
    const one: Followed = { stop: () => undefined, objects };
    this.#followed.set(kind, one);
    one.stop = this.#store.watch(`${GATEWAY_API}/${version}/${plural}`, {}, ({ type, object }) => {
      const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
      const before = objects.get(key);
      if (type === 'DELETED') objects.delete(key);
      else objects.set(key, object);
      if (type === 'DELETED' || before === undefined || !same(before.spec, object.spec)) this.#onChange();
    });
    this.#onChange();
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function isEstablished({ status }: KubeObject): boolean {
  const conditions = isObject(status) && Array.isArray(status['conditions']) ? status['conditions'] : [];
  return (conditions as { type: string; status: string }[]).some(
    (one) => one.type === 'Established' && one.status === 'True',
  );
}
