import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createVirtualServiceRouting } from '../../../scripts/switch/index.ts';

const folder = path.resolve(import.meta.dirname, '../../fixtures/istio/switch');

/** The body of a recorded answer of a real mesh; see the README beside the files. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever reads a file knows what is in it
export function recorded<T>(name: string): T {
  const file = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as { body: T };
  return file.body;
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever reads a file knows what is in it
export function recordedFile<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as T;
}

export const host = 'cafe.ze-mesh.svc.cluster.local';
export const reference = '/apis/networking.istio.io/v1/namespaces/ze-mesh/virtual-service/cafe';
/** The routing of a service, where only its name at the proxies matters. */
export const routingOf = (name: string) =>
  createVirtualServiceRouting(
    {
      virtualService: { metadata: { name: 'cafe', namespace: 'ze-mesh' }, spec: {} },
      roots: [],
      destinationRule: {
        metadata: { name: 'cafe', namespace: 'ze-mesh' },
        spec: { host: name },
      },
    },
    { host: name, namespace: 'ze-mesh' },
  );
export const routing = routingOf(host);
export const stages = [
  '1-before',
  '2-deployed',
  '3-subset-added',
  '4-canary-90-10',
  '5-route-shifted',
  '6-subset-removed',
  '7-old-deleted',
] as const;
