/** The objects the simulated shop begins with, and what makes a version of it. */
import type {
  Deployment,
  DestinationRule,
  HttpRoute,
  KubernetesObject,
  Pod,
  Service,
  VirtualService,
} from '../../../scripts/shared/kubernetes.ts';
import { PLAIN } from '../../../scripts/switch/cluster-state/plain-service.ts';

export const APP = 'coffee-shop';
export const NAMESPACE = 'shop';
export const HOST = `${APP}.${NAMESPACE}.svc.cluster.local`;
export const PORT = 8080;
export const ISTIO_NAMESPACE = 'istio-system';

/** Each version has a Deployment of its own; the plain pods' bears the name of the app alone. */
export const deploymentName = (version: string): string => (version === PLAIN ? APP : `${APP}-${version}`);

export const versionNamed = (deployment: string): string =>
  deployment === APP ? PLAIN : deployment.slice(APP.length + 1);

const labelsOf = (version: string): Record<string, string> => ({
  app: APP,
  ...(version === PLAIN ? {} : { version }),
});

/** What bears no version is plain. */
export const versionIn = (labels: Readonly<Record<string, string>> = {}): string =>
  labels['version'] ?? PLAIN;

export function deploymentOf(version: string, replicas: number): Deployment {
  const labels = labelsOf(version);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: deploymentName(version), namespace: NAMESPACE, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: APP,
              image: `${APP}:${version}`,
              ports: [{ name: 'http', containerPort: PORT }],
              readinessProbe: { httpGet: { path: '/health/ready', port: 'http' } },
            },
          ],
        },
      },
    },
  };
}

export function autoscalerOf(version: string, minReplicas: number, maxReplicas: number): KubernetesObject {
  const name = deploymentName(version);
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: NAMESPACE, labels: labelsOf(version) },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, minReplicas, maxReplicas },
  };
}

export const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: APP, namespace: NAMESPACE },
  spec: { selector: { app: APP }, ports: [{ name: 'http', port: PORT, targetPort: 'http' }] },
};

export function destinationRuleOf(versions: string[]): DestinationRule {
  const subsets = versions.map((version) => ({ name: version, labels: { version } }));
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: APP, namespace: NAMESPACE },
    spec: subsets.length > 0 ? { host: HOST, subsets } : { host: HOST },
  };
}

/** How an author may have written the routes. */
export interface RouteStyle {
  /** A route of its own for requests with the header `x-beta`. */
  hasMatch: boolean;
  /** The catch-all names its one destination with a weight. */
  hasWeight: boolean;
  /** Every request waits so long at the proxy before it goes on, in milliseconds; 0: none does. */
  delayMs: number;
}

export function virtualServiceOf(
  version: string,
  { hasMatch, hasWeight, delayMs }: RouteStyle,
): VirtualService {
  const destination = version === PLAIN ? { host: HOST } : { host: HOST, subset: version };
  const fault =
    delayMs > 0 ? { fault: { delay: { fixedDelay: `${delayMs}ms`, percentage: { value: 100 } } } } : {};
  const beta: HttpRoute = {
    name: 'beta',
    match: [{ headers: { 'x-beta': { exact: 'yes' } } }],
    route: [{ destination }],
  };
  const rest: HttpRoute = {
    name: 'first-release',
    route: [hasWeight ? { destination, weight: 100 } : { destination }],
    ...fault,
  };
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: APP, namespace: NAMESPACE },
    spec: { hosts: [HOST], gateways: ['mesh', 'shop-gateway'], http: hasMatch ? [beta, rest] : [rest] },
  };
}

export function podOf(
  name: string,
  namespace: string,
  labels: Record<string, string>,
  containers: string[],
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: containers.map((container) => ({ name: container })) },
    status: { phase: 'Pending', conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [] },
  };
}
