import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Service } from '../../../../../scripts/shared/kubernetes.ts';
import type { HTTPRoute } from '../../../../../scripts/switch/routing/http-route/http-route.ts';
import { createHttpRouteRouting } from '../../../../../scripts/switch/routing/http-route/http-route-routing.ts';
import type { TrafficRouting } from '../../../../../scripts/switch/routing/traffic-routing.ts';

const folder = path.resolve(import.meta.dirname, '../../../../fixtures/istio/gateway-api');

/** A recorded file of a real mesh that follows HTTPRoutes; see the README beside the files. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever reads a file knows what is in it
export function recordedFile<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as T;
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever reads a file knows what is in it
export const recorded = <T>(name: string): T => recordedFile<{ body: T }>(name).body;

export const stages = [
  '1-before',
  '2-deployed',
  '3-canary-90-10',
  '4-route-shifted',
  '5-service-v1-deleted',
  '6-deployment-v1-deleted',
];

export const target = { host: 'shop.ze-gapi.svc.cluster.local', namespace: 'ze-gapi' };

export const shop: Service = {
  metadata: { name: 'shop', namespace: 'ze-gapi' },
  spec: { selector: { app: 'shop' }, ports: [{ port: 8080 }] },
};
export const serviceOf = (version: string): Service => ({
  metadata: { name: `shop-${version}`, namespace: 'ze-gapi', uid: `uid-${version}` },
  spec: { selector: { app: 'shop', version }, ports: [{ port: 8080 }] },
});

/** What the HTTPRoute of this proxy was at a stage. */
export function routeAt(who: string, stage: string): HTTPRoute {
  const name = who === 'gateway' ? 'shop' : 'shop-mesh';
  const found = recorded<HTTPRoute[]>(`objects.${stage}`).find((one) => one.metadata.name === name);
  if (found === undefined) throw new Error(`no HTTPRoute ${name} at ${stage}`);
  return found;
}

/** The routing with this HTTPRoute, and a Service for each of these versions. */
export const routingWith = (route: HTTPRoute, versions = ['v1', 'v2']): TrafficRouting =>
  createHttpRouteRouting({ route, app: shop, services: [shop, ...versions.map(serviceOf)] }, target);
