/** Autoscalers of the current version that are not the template set's. The switch leaves them and says so. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { apiVersionOf } from '../../shared/resources.ts';
import type { Resource } from '../../shared/resources.ts';
import { ownerOf } from '../changes/autoscaler.ts';
import { listIfThere } from '../changes/list-if-there.ts';
import { scaledObjects } from '../changes/scaled-object.ts';
import type { SwitchContext } from '../context.ts';

export interface ForeignScaler {
  apiVersion: string;
  kind: string;
  name: string;
  /** The name of the HorizontalPodAutoscaler that it has created. */
  made: string | undefined;
}

interface Targeting extends KubernetesObject {
  spec?: { scaleTargetRef?: Target; targetRef?: Target };
}

interface Target {
  kind?: string;
  name?: string;
}

/** Add-ons that scale a Deployment. Discovery shows whether a cluster has them. */
const addOns: Resource[] = [
  scaledObjects,
  {
    group: 'autoscaling.k8s.io',
    version: 'v1',
    plural: 'verticalpodautoscalers',
    kind: 'VerticalPodAutoscaler',
    namespaced: true,
  },
];

/** @param autoscalers those of the Deployment, whoever owns them */
export async function foreignScalers(
  cluster: Cluster,
  deployment: string,
  autoscalers: KubernetesObject[],
  signal: AbortSignal,
): Promise<ForeignScaler[]> {
  const owners = autoscalers.flatMap((one): ForeignScaler[] => {
    const { apiVersion, kind, name } = ownerOf(one) ?? {};
    if (apiVersion === undefined || kind === undefined || name === undefined) return [];
    return [{ apiVersion, kind, name, made: one.metadata.name }];
  });
  const others = await Promise.all(
    addOns.map(async (resource) => {
      const { kind } = resource;
      const objects = await listIfThere<Targeting>(cluster, resource, signal);
      return objects
        .filter(({ spec }) => isMeant(spec?.scaleTargetRef ?? spec?.targetRef, deployment))
        .map(({ metadata: { name } }) => ({
          apiVersion: apiVersionOf(resource),
          kind,
          name,
          made: undefined,
        }));
    }),
  );
  // A ScaledObject and the autoscaler that it has created count as one.
  const isKnown = ({ kind, name }: ForeignScaler) =>
    owners.some((owner) => owner.kind === kind && owner.name === name);
  return [...owners, ...others.flat().filter((other) => !isKnown(other))];
}

/** One line. @param others the candidate's objects in the resource set `version` besides its Deployment */
export function describeForeign(
  { from, to, options: { clusterFile } }: Pick<SwitchContext, 'from' | 'to' | 'options'>,
  { apiVersion, kind, name, made }: ForeignScaler,
  { others, size }: { others: KubernetesObject[]; size: number },
): string {
  const fact =
    made === undefined
      ? `${kind} ${name} is for ${from} alone: the switch neither copies nor holds it`
      : `HorizontalPodAutoscaler ${made}, which scales ${from}, belongs to ${kind} ${name}: the switch neither copies, holds nor deletes it`;
  const group = (text = 'v1') => (text.includes('/') ? text.slice(0, text.indexOf('/')) : '');
  if (others.some((one) => one.kind === kind && group(one.apiVersion) === group(apiVersion)))
    return `${fact}. The ${kind} of ${to} comes with the resource set "version"`;
  const without =
    kind === 'VerticalPodAutoscaler'
      ? `${to} keeps the resources its template says`
      : `${to} stays at ${size} pods, whatever its load`;
  return (
    `${fact}. ${without}, and ${kind} ${name} is left when ${from} is gone, unless the resource set "version" of ${clusterFile} ` +
    `holds a ${kind} (${apiVersion}) that has {{ .app }}-{{ .version }} as its name and in its target: put it there`
  );
}

/** KEDA's default kind is Deployment. https://keda.sh/docs/latest/reference/scaledobject-spec/ */
function isMeant(target: Target | undefined, deployment: string): boolean {
  return target?.name === deployment && (target.kind ?? 'Deployment') === 'Deployment';
}
