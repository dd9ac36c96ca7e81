/**
 * A switch that is over owns no field of anybody's objects any more: a server-side apply of their author's would conflict with it for ever. Who wrote what can be
 * written like any other field. https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
 */
import { ClusterError, isAmbiguous, isConflict } from '../../shared/cluster/errors.ts';
import { messageOf } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import type { Resource } from '../../shared/resources.ts';
import { pause } from '../../shared/wait.ts';
import { listVersions } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import { everyAutoscalerOf, isAutoscaler } from './autoscaler.ts';
import { renderVersion } from './render-version.ts';

/** So often an object is looked at again that somebody else writes at the same time. */
const MOST_REPEATS = 10;

/** An object that a switch may have written, and how it may be read: not every one may be asked for by name. */
interface Owned {
  resource: Resource;
  read: () => Promise<KubernetesObject | undefined>;
}

/**
 * Gives up all that this and earlier runs have written. It never fails: what stays owned is told.
 * @param except a version that is left for a look at it: its next try takes away again what this one has made
 */
export async function releaseFields(
  context: SwitchContext,
  { except }: { except?: string | undefined } = {},
): Promise<void> {
  try {
    for (const owned of await ownedObjects(context, except)) await release(context, owned);
  } catch (error) {
    context.reporter.note(
      `The switch still owns fields that it has written (${messageOf(error)}): kubectl apply --server-side of those objects needs --force-conflicts once`,
    );
  }
}

async function ownedObjects(context: SwitchContext, except: string | undefined): Promise<Owned[]> {
  const { cluster, lastSeen, signal } = context;
  const versions = (await listVersions(cluster, context)).filter(({ version }) => version !== except);
  const routing = lastSeen.objects.map(({ resource, object }): Owned => ({
    resource,
    read: () => cluster.get(resource, object.metadata.name, { signal }),
  }));
  const own = await Promise.all(
    versions.map(async ({ version, deployment: { metadata } }) => {
      const { deployments, horizontalPodAutoscalers } = resources;
      const scaling = await everyAutoscalerOf(cluster, metadata.name, signal);
      return [
        listed(context, deployments, metadata.name),
        ...scaling.map((one) => listed(context, horizontalPodAutoscalers, one.metadata.name)),
        ...(await othersOf(context, version)),
      ];
    }),
  );
  return [...routing, ...own.flat()];
}

function listed({ cluster, signal }: SwitchContext, resource: Resource, name: string): Owned {
  return {
    resource,
    async read() {
      const all = await cluster.list(resource, { signal });
      return all.find(({ metadata }) => metadata.name === name);
    },
  };
}

/** What else the template set makes of a version. It may be written without being read: then it stays as it is. */
async function othersOf(context: SwitchContext, version: string): Promise<Owned[]> {
  const { cluster, options, app, namespace, signal } = context;
  const rendered = await renderVersion(options, { app, version }).catch(() => undefined);
  const others = (rendered?.others ?? []).filter((object) => !isAutoscaler(object));
  return Promise.all(
    others.map(async (object) => {
      const resource = await cluster.resourceOf(object);
      const { name, namespace: own = namespace } = object.metadata;
      const read = () =>
        cluster.get(resource, name, { namespace: own, signal }).catch((error: unknown) => {
          if (error instanceof ClusterError && error.status === 403) return undefined;
          throw error;
        });
      return { resource, read };
    }),
  );
}

async function release({ cluster, signal, clock }: SwitchContext, { resource, read }: Owned): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const live = await read();
    const entries = (live?.metadata['managedFields'] ?? []) as { manager?: string }[];
    const others = entries.filter(({ manager }) => manager !== cluster.fieldManager);
    if (live === undefined || others.length === entries.length) return;
    const { name, namespace, resourceVersion } = live.metadata;
    // An empty list says nothing to the API server; a single empty entry clears it.
    const managedFields = others.length > 0 ? others : [{}];
    try {
      const metadata = { resourceVersion, managedFields };
      await cluster.patch(resource, name, { metadata }, { namespace, signal });
      return;
    } catch (error) {
      if (attempt >= MOST_REPEATS || !(isConflict(error) || isAmbiguous(error))) throw error;
      await pause(Math.min(1000, 50 * 2 ** attempt), signal, clock);
    }
  }
}
