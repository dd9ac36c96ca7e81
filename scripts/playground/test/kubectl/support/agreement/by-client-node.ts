import {
  ApiException,
  AppsV1Api,
  CoreV1Api,
  createConfiguration,
  IsomorphicFetchHttpLibrary,
  KubeConfig,
  ServerConfiguration,
  setHeaderOptions,
  wrapHttpLibrary,
  type RequestContext,
} from '@kubernetes/client-node';
import { jsonPatchOf, untruePatch } from './json-patch.ts';
import {
  contentOf,
  kindNames,
  kinds,
  objectOf,
  patchOf,
  type Content,
  type Json,
  type KindName,
} from './kinds.ts';
import type { Write } from './writes.ts';

/** What a client was answered: a code, and of a write that succeeded what the object now holds. */
export interface Done {
  code: number;
  content?: Content | undefined;
}

interface Named {
  namespace: string;
  name: string;
  dryRun?: string;
  fieldManager?: string;
  force?: boolean;
}
interface Typed {
  create: (o: Omit<Named, 'name'> & { body: Json }) => Promise<object>;
  replace: (o: Named & { body: Json }) => Promise<object>;
  patch: (o: Named & { body: unknown }, options: ReturnType<typeof setHeaderOptions>) => Promise<object>;
  delete: (o: Named) => Promise<object>;
  list: (o: { namespace: string; limit: number; _continue?: string }) => Promise<{
    items: object[];
    metadata?: { _continue?: string };
  }>;
}

const TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** The client library with its typed APIs, one connection for all calls. */
export class ByClientNode {
  private readonly typed: Record<KindName, Typed>;
  private readonly namespace: string;

  constructor(kubeconfig: string, namespace: string) {
    this.namespace = namespace;
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const http = new IsomorphicFetchHttpLibrary();
    let kept: ReturnType<RequestContext['getDispatcher']>;
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(config.getCurrentCluster()?.server ?? '', {}),
      authMethods: { default: config },
      httpApi: wrapHttpLibrary({
        send(request) {
          kept ??= request.getDispatcher();
          if (kept !== undefined) request.setDispatcher(kept);
          return http.send(request).toPromise();
        },
      }),
    });
    this.typed = typedApis(new CoreV1Api(configuration), new AppsV1Api(configuration));
  }

  async write(write: Write, current: Content): Promise<Done> {
    try {
      const object = (await this.send(write, current)) as Json;
      const isObject = write.verb !== 'delete' && object['metadata'] !== undefined;
      return { code: 200, content: isObject ? contentOf(write.kind, object) : undefined };
    } catch (error) {
      if (error instanceof ApiException) return { code: error.code };
      throw error;
    }
  }

  private send(write: Write, current: Content): Promise<object> {
    const { kind, name, dryRun } = write;
    const { typed, namespace } = this;
    const api = typed[kind];
    const to = { namespace, name, ...(dryRun === true ? { dryRun: 'All' } : {}) };
    const patch = (body: unknown, type: keyof typeof TYPES, more: Partial<Named> = {}) =>
      api.patch({ ...to, ...more, body }, setHeaderOptions('Content-Type', TYPES[type]));
    switch (write.verb) {
      case 'create':
        return api.create({ ...to, body: objectOf(kind, name, write.content) });
      case 'replace':
        return api.replace({ ...to, body: objectOf(kind, name, write.content) });
      case 'replace stale': {
        const body = objectOf(kind, name, write.content);
        return api.replace({
          ...to,
          body: { ...body, metadata: { ...(body['metadata'] as Json), resourceVersion: '1' } },
        });
      }
      case 'server-side apply':
        return patch(objectOf(kind, name, write.content), 'apply', {
          fieldManager: write.manager,
          force: write.force,
        });
      case 'merge':
      case 'strategic':
        return patch(patchOf(kind, write.changes), write.verb);
      case 'json':
        return patch(jsonPatchOf(kind, write.changes, current), 'json');
      case 'json untrue':
        return patch(untruePatch(), 'json');
      case 'scale':
        return patch({ spec: { replicas: Number(write.replicas) } }, 'merge');
      case 'delete':
        return api.delete(to);
      default:
        throw new Error(`${write.verb} is kubectl's`);
    }
  }

  /** Every object of every kind, page by page. */
  async read(): Promise<Json[]> {
    const lists = kindNames.map(async (kind) => {
      const items: Json[] = [];
      let next: string | undefined;
      do {
        const page = await this.typed[kind].list({
          namespace: this.namespace,
          limit: 5,
          ...(next === undefined ? {} : { _continue: next }),
        });
        // What it makes of an object, as JSON again. A list's items do
        // not say what they are; its times have milliseconds.
        const text = JSON.stringify(page.items).replaceAll(/(T\d\d:\d\d:\d\d)\.000Z"/g, '$1Z"');
        const { apiVersion } = kinds[kind];
        items.push(...(JSON.parse(text) as Json[]).map((item) => ({ ...item, apiVersion, kind })));
        next = page.metadata?._continue;
      } while (next !== undefined && next !== '');
      return items;
    });
    return (await Promise.all(lists)).flat();
  }
}

function typedApis(core: CoreV1Api, apps: AppsV1Api): Record<KindName, Typed> {
  return {
    ConfigMap: {
      create: (o) => core.createNamespacedConfigMap(o),
      replace: (o) => core.replaceNamespacedConfigMap(o),
      patch: (o, options) => core.patchNamespacedConfigMap(o, options),
      delete: (o) => core.deleteNamespacedConfigMap(o),
      list: (o) => core.listNamespacedConfigMap(o),
    },
    Secret: {
      create: (o) => core.createNamespacedSecret(o),
      replace: (o) => core.replaceNamespacedSecret(o),
      patch: (o, options) => core.patchNamespacedSecret(o, options),
      delete: (o) => core.deleteNamespacedSecret(o),
      list: (o) => core.listNamespacedSecret(o),
    },
    Service: {
      create: (o) => core.createNamespacedService(o),
      replace: (o) => core.replaceNamespacedService(o),
      patch: (o, options) => core.patchNamespacedService(o, options),
      delete: (o) => core.deleteNamespacedService(o),
      list: (o) => core.listNamespacedService(o),
    },
    Deployment: {
      create: (o) => apps.createNamespacedDeployment(o),
      replace: (o) => apps.replaceNamespacedDeployment(o),
      patch: (o, options) => apps.patchNamespacedDeployment(o, options),
      delete: (o) => apps.deleteNamespacedDeployment(o),
      list: (o) => apps.listNamespacedDeployment(o),
    },
  };
}
