import { chooseCluster } from '../../shared/cluster/flags.ts';
import { connectCluster, type Cluster } from '../../shared/cluster/cluster.ts';
import { CommandError } from '../../shared/errors.ts';
import { InputError } from '../sets/input-error.ts';
import { parseObjects, type KubernetesObject } from '../sets/parse-objects.ts';
import type { RenderRun } from '../sets/render-sets.ts';
import type { ClusterFlags, DryRun } from './command-line.ts';
import type { SendSurroundings } from './surroundings.ts';
import { verifyRoutes } from './verify-routes.ts';
import { printable } from '../../shared/printable.ts';

/** Names this program's fields in managedFields. */
const FIELD_MANAGER = 'render';

/** apply and delete without kubectl: server-side apply and plain deletes, in the order of the sets. */
export async function sendDirectly(
  command: 'apply' | 'delete',
  { dryRun, verifiesRoutes }: { dryRun: DryRun; verifiesRoutes: boolean },
  flags: ClusterFlags,
  run: RenderRun,
  surroundings: SendSurroundings & { home: string | undefined },
): Promise<void> {
  const { stdout, stderr, environment, home, signal } = surroundings;
  // Parse everything and look up all kinds before the first object is sent.
  const sets = run.sets.map(({ set, files }) => ({
    set: set.name,
    args: set.args,
    objects: parseObjects(files),
  }));
  for (const { set, args } of sets.filter((each) => each.args.length > 0)) {
    stderr(`warning: without kubectl the arguments of set ${set} are not used: ${args.join(' ')}\n`);
  }
  const cluster = await connectCluster(chooseCluster(flags, { env: environment, home }), {
    fieldManager: FIELD_MANAGER,
    signal,
  });
  try {
    const all = sets.flatMap(({ objects }) => objects);
    for (const object of all) await verifyKind(cluster, object);
    if (verifiesRoutes) await verifyRoutes(cluster, all, (text) => stderr(`warning: ${text}\n`));
    for (const { set, objects } of sets) {
      for (const object of objects) {
        signal.throwIfAborted();
        await send(cluster, command, object, dryRun !== undefined);
        const done = `${command === 'apply' ? 'applied' : 'deleted'}${dryRun === undefined ? '' : ' (dry run)'}`;
        stdout(`${printable(`${set}: ${object.kind} ${object.metadata.name} ${done}`)}\n`);
      }
    }
  } finally {
    await cluster.close();
  }
}

async function verifyKind(cluster: Cluster, object: KubernetesObject): Promise<void> {
  try {
    await cluster.resourceOf(object);
  } catch (error) {
    if (!(error instanceof CommandError) || error.constructor !== CommandError) throw error;
    throw new InputError(`${object.metadata.name}: ${error.message} Nothing was sent.`, 1, { cause: error });
  }
}

async function send(
  cluster: Cluster,
  command: 'apply' | 'delete',
  object: KubernetesObject,
  dryRun: boolean,
): Promise<void> {
  if (command === 'apply') {
    await cluster.apply(object, { dryRun, force: true });
    return;
  }
  const { name, namespace } = object.metadata;
  await cluster.delete(await cluster.resourceOf(object), name, { namespace, dryRun });
}
