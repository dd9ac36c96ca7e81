/** A copy of the plain Deployment as a version. Only its names and its version label differ. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Deployment, Service } from '../../shared/kubernetes.ts';
import { apiVersionOf, resources } from '../../shared/resources.ts';
import { without } from '../../shared/without.ts';
import { isItsOwn } from '../changes/autoscaler.ts';
import type { RenderSet } from '../changes/render-version.ts';
import { PLAIN } from '../cluster-state/plain-service.ts';
import { versionsOf } from '../cluster-state/versions.ts';
import { DEFAULT_LABEL } from '../routing/virtual-service/version-label.ts';

/** Renders from the plain Deployment instead of a template; once that is deleted, from its copy. */
export function copyOfPlain(cluster: Cluster): RenderSet {
  return async (_clusterFile, { app = '', version = '', replicas }) => {
    if (version === PLAIN) return [];
    const [service, deployments] = await Promise.all([
      cluster.get<Service>(resources.services, app),
      cluster.list<Deployment>(resources.deployments),
    ]);
    const lastSeen = {
      versionOf: (labels: Readonly<Record<string, string>>) => labels[DEFAULT_LABEL] ?? PLAIN,
    };
    const versions = service ? versionsOf({ service, lastSeen }, deployments) : [];
    const of = (wanted: string) => versions.find((one) => one.version === wanted)?.deployment;
    const model = of(PLAIN) ?? of(version);
    if (model === undefined)
      throw new CommandError(`no Deployment that the Service ${app} selects is there to be made ${version}`);
    return [copyDeployment(model, { app, version, replicas: Number(replicas ?? model.spec.replicas ?? 1) })];
  };
}

/** @param names of the copy; its pods have `version` as their version label */
export function copyDeployment(
  { metadata, spec }: Deployment,
  { app, version, replicas }: { app: string; version: string; replicas: number },
): Deployment {
  const own = (map: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(map).filter((entry) => isItsOwn(entry) && entry[0] !== REVISION));
  const annotations = own(metadata.annotations);
  const { selector, template } = spec;
  const labelled = { [DEFAULT_LABEL]: version };
  const { labels, annotations: podAnnotations } = template.metadata ?? {};
  return {
    apiVersion: apiVersionOf(resources.deployments),
    kind: resources.deployments.kind,
    metadata: {
      name: `${app}-${version}`,
      labels: { ...own(metadata.labels), ...labelled },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    spec: {
      ...without(spec, 'paused'),
      replicas,
      selector: { ...selector, matchLabels: { ...selector.matchLabels, ...labelled } },
      template: {
        ...template,
        metadata: {
          labels: { ...labels, ...labelled },
          ...(podAnnotations ? { annotations: podAnnotations } : {}),
        },
      },
    },
  };
}

/** The revision number that the Deployment controller keeps. */
const REVISION = 'deployment.kubernetes.io/revision';
