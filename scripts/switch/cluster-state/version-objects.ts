/** What belongs to one version besides its Deployment: what the resource set `version` makes for it alone, and whatever scales it. */
import { isAmbiguous } from '../../shared/cluster/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { waitFor } from '../../shared/wait.ts';
import { autoscalersOf } from '../changes/autoscaler.ts';
import { renderVersion } from '../changes/render-version.ts';
import type { SwitchContext } from '../types.ts';

/** Without an object that the set makes under the same name for the other version. */
export async function objectsOfVersion(context: SwitchContext, version: string): Promise<KubernetesObject[]> {
  const { cluster, app, options, from, to, signal } = context;
  const other = version === to ? from : to;
  // To take something back no template is needed: without one there is just nothing more to find.
  const render = (name: string) => renderVersion(options, { app, version: name }).catch(() => undefined);
  const [own, others] = await Promise.all([render(version), render(other)]);
  const keyOf = ({ kind, metadata }: KubernetesObject) => `${kind ?? ''} ${metadata.name}`;
  const shared = new Set(others?.others.map(keyOf));
  const rendered = (own?.others ?? []).filter((object) => !shared.has(keyOf(object)));
  const scaling = await autoscalersOf(cluster, own?.deployment.metadata.name ?? `${app}-${version}`, signal);
  const found = scaling.map((object) => ({
    ...object,
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
  }));
  return [...new Map([...rendered, ...found].map((object) => [keyOf(object), object])).values()];
}

export async function deleteVersionObjects(context: SwitchContext, version: string): Promise<void> {
  const { cluster, signal, clock, stepTimeoutMs } = context;
  for (const object of await objectsOfVersion(context, version)) {
    const { name, namespace } = object.metadata;
    const resource = await cluster.resourceOf(object);
    await waitFor(
      async () => {
        try {
          await cluster.delete(resource, name, { namespace, signal });
          return true;
        } catch (error) {
          if (!isAmbiguous(error)) throw error;
          return false;
        }
      },
      { deadlineMs: stepTimeoutMs, what: `${name} to be deleted`, intervalMs: 500, signal, clock },
    );
  }
}
