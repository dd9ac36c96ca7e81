/** A coffee-shop that an HTTPRoute leads to v1: five rules, filters, mirrors, and marks of others. */
import { resources } from '../../../../../scripts/shared/resources.ts';
import type { Service } from '../../../../../scripts/shared/kubernetes.ts';
import type { HTTPRoute, Rule } from '../../../../../scripts/switch/routing/http-route/http-route.ts';

export const backend = (name: string, weight = 1, more: object = {}) => ({
  ...{ group: '', kind: 'Service', name, port: 80, weight },
  ...more,
});
const prefix = (value: string) => ({ path: { type: 'PathPrefix', value } });

/** A rule with all that is not the switch's to touch. */
export const rules: Rule[] = [
  { matches: [{ ...prefix('/beans'), method: 'GET' }], backendRefs: [backend('beans')] },
  {
    name: 'testers',
    matches: [{ ...prefix('/'), headers: [{ type: 'Exact', name: 'x-tester', value: 'yes' }] }],
    filters: [
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-route', value: 't' }] } },
    ],
    backendRefs: [backend('coffee-shop-v1', 7)],
  },
  {
    matches: [prefix('/old')],
    filters: [
      {
        type: 'RequestRedirect',
        requestRedirect: { path: { type: 'ReplaceFullPath', replaceFullPath: '/' } },
      },
    ],
  },
  {
    matches: [prefix('/menu')],
    filters: [
      {
        type: 'RequestMirror',
        requestMirror: { backendRef: { group: '', kind: 'Service', name: 'coffee-shop-v1', port: 80 } },
      },
    ],
    backendRefs: [backend('menu')],
    timeouts: { request: '3s' },
  },
  {
    matches: [prefix('/')],
    timeouts: { request: '10s', backendRequest: '2s' },
    retry: { attempts: 1 },
    backendRefs: [
      backend('coffee-shop-v1', 3, {
        filters: [
          { type: 'ResponseHeaderModifier', responseHeaderModifier: { add: [{ name: 'x', value: 'y' }] } },
        ],
      }),
      backend('tea', 1),
    ],
  },
];

export const parents = [
  { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' },
  { group: '', kind: 'Service', name: 'coffee-shop', port: 80 },
];

export const httpRoute = (own: Rule[] = rules, more: Partial<HTTPRoute['spec']> = {}): HTTPRoute => ({
  metadata: {
    name: 'coffee-shop',
    namespace: 'shop',
    annotations: { 'example.com/owner': 'team-coffee' },
    generation: 1,
  },
  spec: { hostnames: ['coffee.example'], parentRefs: parents, rules: own, ...more },
});

export const versionService = (version: string, more: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: `coffee-shop-${version}`,
    labels: { app: 'coffee-shop', version },
    annotations: { 'argocd.argoproj.io/tracking-id': 'x', note: 'kept' },
  },
  spec: {
    selector: { app: 'coffee-shop', version },
    ports: [{ name: 'http', port: 80, targetPort: 8080 }],
    clusterIP: '10.96.0.7',
    type: 'ClusterIP',
    ...more,
  },
});

/** What stands in a cluster in the place of a VirtualService and a DestinationRule. */
export const instead = (route = httpRoute(), versions = ['v1']) => [
  { resource: resources.httpRoutes, object: route },
  ...versions.map((version) => ({ resource: resources.services, object: versionService(version) })),
];
