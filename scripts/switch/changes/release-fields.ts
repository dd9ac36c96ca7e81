/**
 * A switch that is over owns no field any more: a server-side apply of the author's would conflict with it.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#clearing-managedfields
 */
import { retryWrite } from '../../shared/cluster/idempotent-write.ts';
import { messageOf } from '../../shared/errors.ts';
import type { KubernetesObject } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import type { Resource } from '../../shared/resources.ts';
import { listVersions } from '../cluster-state/versions.ts';
import type { SwitchContext } from '../context.ts';
import { everyAutoscalerOf, isAutoscaler } from './autoscaler.ts';
import { renderVersion } from './render-version.ts';
import { findLive } from './version-objects.ts';

/** An object that a switch may have written. Not every one may be read by its name. */
interface Owned {
  resource: Resource;
  read: () => Promise<KubernetesObject | undefined>;
}

/**
 * Gives up all that this and earlier runs have written. It never fails: what stays owned is told.
 * @param except a version that is left for a look at it: its next try deletes what this one has made
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
  const service = listedService(context);
  return [...routing, ...service, ...own.flat()];
}

/** An adoption may have annotated it. */
function listedService({ cluster, app, record, signal }: SwitchContext): Owned[] {
  const resource = resources.services;
  return record.adopts ? [{ resource, read: () => cluster.get(resource, app, { signal }) }] : [];
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

/** What else the template set makes of a version. What may be written and not read stays as it is. */
async function othersOf(context: SwitchContext, version: string): Promise<Owned[]> {
  const { cluster, options, app } = context;
  const rendered = await renderVersion(options, { app, version }).catch(() => undefined);
  const others = (rendered?.others ?? []).filter((object) => !isAutoscaler(object));
  return Promise.all(
    others.map(async (object) => ({
      resource: await cluster.resourceOf(object),
      async read() {
        const live = await findLive(context, object);
        return live === 'unseen' ? undefined : live;
      },
    })),
  );
}

async function release({ cluster, signal, clock }: SwitchContext, { resource, read }: Owned): Promise<void> {
  const write = async () => {
    const live = await read();
    const entries = (live?.metadata['managedFields'] ?? []) as { manager?: string }[];
    const others = entries.filter(({ manager }) => manager !== cluster.fieldManager);
    if (live === undefined || others.length === entries.length) return;
    const { name, namespace, resourceVersion } = live.metadata;
    // An empty list says nothing to the API server; a single empty entry clears it.
    const metadata = { resourceVersion, managedFields: others.length > 0 ? others : [{}] };
    await cluster.patch(resource, name, { metadata }, { namespace, signal });
  };
  await retryWrite(write, { signal, clock });
}
