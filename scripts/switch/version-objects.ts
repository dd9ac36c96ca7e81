/** What belongs to one version besides its Deployment: what the resource set `version` makes for it alone, and whatever scales it. */
import { isAmbiguous } from '../shared/cluster-errors.ts';
import type { KubernetesObject } from '../shared/kubernetes.ts';
import { waitFor } from '../shared/wait.ts';
import { autoscalersOf } from './autoscaler.ts';
import { renderVersion } from './render-version.ts';
import type { SwitchContext } from './types.ts';

/** Deletes them; an object that the set makes under the same name for the other version stays. */
export async function deleteVersionObjects(context: SwitchContext, version: string): Promise<void> {
  const { cluster, app, options, from, to, signal, stepTimeoutMs } = context;
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
  const all = new Map([...rendered, ...found].map((object) => [keyOf(object), object]));
  for (const object of all.values()) {
    const { name } = object.metadata;
    const resource = await cluster.resourceOf(object);
    await waitFor(
      async () => {
        try {
          await cluster.delete(resource, name, { signal });
          return true;
        } catch (error) {
          if (!isAmbiguous(error)) throw error;
          return false;
        }
      },
      { deadlineMs: stepTimeoutMs, what: `${name} to be deleted`, intervalMs: 500, signal },
    );
  }
}
