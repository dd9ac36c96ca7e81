/** The values with which the rendering of a cluster file equals the cluster's state. */
import { parseObjects, renderSets } from '../../render/index.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import type { Deployment, KubernetesObject, VirtualService } from '../../shared/kubernetes.ts';
import { describeServing } from '../cluster-state/describe-serving.ts';
import type { State } from '../cluster-state/read-state.ts';
import { findVersion } from '../cluster-state/versions.ts';
import { readSets, textOf } from './app-sets.ts';
import type { AppSet, Source } from './app-sets.ts';
import type { Told } from './cluster-text.ts';

export interface RenderedSet {
  set: AppSet;
  objects: KubernetesObject[];
}

/**
 * The values for the serving version and the existing ones.
 * @throws CommandError where no version serves alone
 */
export function servingValues({ live, lastSeen }: Pick<State, 'live' | 'lastSeen'>): Map<string, Told> {
  const [only, ...others] = live;
  if (only === undefined || only.subset === '' || others.length > 0)
    throw new CommandError(`${describeServing(live)}: a cluster file describes one version that serves`);
  return new Map<string, Told>([
    ['version', only.subset],
    ['live', only.subset],
    ['subsets', lastSeen.versions()],
  ]);
}

/** The values for the image and size of the serving version, and for the name of its route. */
export function lookingValues(
  rendered: readonly RenderedSet[],
  { state, isScaled }: { state: State; /** By an autoscaler, whose the size is. */ isScaled: boolean },
): Map<string, Told> {
  const wanted = new Map<string, Told>();
  const tell = (key: string, value: Told | undefined) => value !== undefined && wanted.set(key, value);
  const serving = state.live[0]?.subset ?? '';
  const running = findVersion(state.deployments, serving);
  for (const { set, objects } of rendered) {
    const valueOf = (key: string) => textOf(set.values.get(key));
    for (const object of objects) {
      if (object.kind === 'Deployment' && set.isVersion && running !== undefined) {
        const { spec } = object as Deployment;
        tell('image', imageIn(running, spec.template.spec.containers, valueOf('image')));
        const isOfReplicas = String(spec.replicas) === valueOf('replicas');
        if (isOfReplicas && !isScaled) tell('replicas', String(running.spec.replicas ?? 1));
      }
      if (object.kind === state.lastSeen.routesName.kind)
        tell('marker', routeNameIn(state, object as VirtualService, { serving, marker: valueOf('marker') }));
    }
  }
  return wanted;
}

/** The image of the container whose rendered image is the value. */
function imageIn(
  { spec }: Deployment,
  rendered: Deployment['spec']['template']['spec']['containers'],
  image: string | undefined,
): string | undefined {
  const own = rendered.find((container) => container.image === image)?.name;
  return spec.template.spec.containers.find(({ name }) => name === own)?.image;
}

/** The name of the route that the value names. With no switch under way it is its author's name. */
function routeNameIn(
  { lastSeen }: Pick<State, 'lastSeen'>,
  { spec: { http = [] }, metadata }: VirtualService,
  { serving, marker }: { serving: string; marker: string | undefined },
): string | undefined {
  if (metadata.name !== lastSeen.routesName.name || marker === undefined) return undefined;
  const index = http.findIndex(({ name }) => name === marker);
  const name = lastSeen.routesOf(serving).find((route) => route.index === index)?.name;
  return name === '' ? undefined : name;
}

/**
 * Renders the sets of the app. Those that cannot be rendered (that need a value of the command line, for
 * instance) are named with the reason.
 */
export async function renderOwn(
  source: Source,
  app: string,
  vars: Readonly<Record<string, string>>,
): Promise<{ rendered: RenderedSet[]; unrendered: string[] }> {
  const rendered: RenderedSet[] = [];
  const unrendered: string[] = [];
  for (const set of readSets(source, app).own) {
    try {
      const files = await renderSets(source.file, { include: [set.name], text: source.text, vars });
      rendered.push({ set, objects: parseObjects(files) });
    } catch (error) {
      const [why = ''] = messageOf(error).split('\n');
      unrendered.push(`set ${set.name} cannot be rendered: ${why}`);
    }
  }
  return { rendered, unrendered };
}
