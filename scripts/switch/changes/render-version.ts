/** A version's objects, from the resource set `version` of the cluster file. */
import { parseObjects, renderSets } from '../../render/index.ts';
import { UsageError, messageOf } from '../../shared/errors.ts';
import type { Deployment, KubernetesObject } from '../../shared/kubernetes.ts';
import { verifyTextFields } from '../../shared/text-fields.ts';

export interface RenderedVersion {
  deployment: Deployment;
  /** The other objects of the set, such as a HorizontalPodAutoscaler. */
  others: KubernetesObject[];
}

/** Renders the resource set `version` from values. */
export type RenderSet = (
  clusterFile: string,
  vars: Readonly<Record<string, string>>,
) => Promise<KubernetesObject[]>;

/** The options of the run that concern templates. */
interface Templates {
  clusterFile: string;
  image?: string | undefined;
  set?: Readonly<Record<string, string>> | undefined;
  renderSet?: RenderSet | undefined;
}

export async function renderVersion(
  { clusterFile, image, set = {}, renderSet = render }: Templates,
  {
    app,
    version,
    replicas,
  }: { app: string; version: string; /** Default: what the cluster file says. */ replicas?: number },
): Promise<RenderedVersion> {
  const vars: Record<string, string> = {
    ...(replicas === undefined ? {} : { replicas: String(replicas) }),
    ...set,
    app,
    version,
  };
  if (image !== undefined) vars['image'] = image;
  const objects = await renderSet(clusterFile, vars);
  const deployments = objects.filter(({ kind }) => kind === 'Deployment') as Deployment[];
  const [deployment] = deployments;
  if (deployment === undefined || deployments.length > 1) {
    throw new UsageError(
      `The resource set "version" of ${clusterFile} must hold exactly one Deployment, it has ${deployments.length}.`,
    );
  }
  return { deployment, others: objects.filter((object) => object !== deployment) };
}

async function render(
  clusterFile: string,
  vars: Readonly<Record<string, string>>,
): Promise<KubernetesObject[]> {
  try {
    const rendered = await renderSets(clusterFile, { include: ['version'], vars });
    for (const { file, text } of rendered) verifyTextFields(file, text);
    return parseObjects(rendered);
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}
