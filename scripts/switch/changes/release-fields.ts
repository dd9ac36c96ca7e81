/**
 * Gives up the fields of a switch that has ended: else the author's next server-side apply would conflict.
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

/** An object that a switch may have written. Not all of them may be read by name. */
interface Owned {
  resource: Resource;
  read: () => Promise<KubernetesObject | undefined>;
}

/**
 * Gives up the fields that this run and earlier ones have written. Never throws: it notes what stays owned.
 * @param except a failed version that `--keep-failed` leaves: the next run deletes what this one has created
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

/** The Service, which an adoption may have annotated. */
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

/** The other objects of a version in the template set. Those that may not be read are left out. */
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
    // The API server ignores an empty list; a single empty entry clears it.
    const metadata = { resourceVersion, managedFields: others.length > 0 ? others : [{}] };
    await cluster.patch(resource, name, { metadata }, { namespace, signal });
  };
  await retryWrite(write, { signal, clock });
}
