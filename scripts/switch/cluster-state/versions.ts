/** The versions of an app: their Deployments and their pods. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { includesAll } from '../../shared/kubernetes.ts';
import type { Deployment, Pod, Service } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import type { TrafficRouting } from '../routing/traffic-routing.ts';

export interface VersionDeployment {
  version: string;
  deployment: Deployment;
}

/** The Deployments whose pods the Service selects, by their version. */
export async function listVersions(cluster: Cluster, state: Told): Promise<VersionDeployment[]> {
  return versionsOf(state, await cluster.list<Deployment>(resources.deployments));
}

/** The Service and the rule by which pods belong to versions. */
type Told = { service: Service; lastSeen: Pick<TrafficRouting, 'versionOf'> };

export function versionsOf({ service, lastSeen }: Told, deployments: Deployment[]): VersionDeployment[] {
  const { selector = {} } = service.spec;
  return deployments.flatMap((deployment): VersionDeployment[] => {
    const labels = deployment.spec.template.metadata?.labels ?? {};
    const version = lastSeen.versionOf(labels);
    return version !== undefined && includesAll(labels, selector) ? [{ version, deployment }] : [];
  });
}

export function findVersion(versions: VersionDeployment[], version: string): Deployment | undefined {
  return versions.find((entry) => entry.version === version)?.deployment;
}

/** Whether traffic may be moved back to a version: it exists and is not being deleted. */
export function canServeAgain(deployment: Deployment | undefined): deployment is Deployment {
  return deployment !== undefined && deployment.metadata.deletionTimestamp === undefined;
}

/** The pods of one version that the Service selects, ready or not, ending or not. */
export async function listVersionPods(
  cluster: Cluster,
  { service, lastSeen }: { service: Service; lastSeen: Pick<TrafficRouting, 'labelsOf'> },
  version: string,
): Promise<Pod[]> {
  const labelSelector = Object.entries({ ...service.spec.selector, ...lastSeen.labelsOf(version) })
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return cluster.list<Pod>(resources.pods, { labelSelector });
}
