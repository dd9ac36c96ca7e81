/** A share can be held for hours: by its end the old version may have grown, and the new one must carry what the old one carries now. */
import { resources } from '../../shared/resources.ts';
import { holdSize } from './autoscaler.ts';
import { readState } from '../cluster-state/read-state.ts';
import type { SwitchContext } from '../types.ts';
import { makeKnown } from '../steps/add-subset.ts';
import { waitUntilReady } from '../steps/deploy-version.ts';

/** Before more traffic goes to the new version: as many pods of it as the old one has, ready and known at every proxy. */
export async function keepUp(context: SwitchContext): Promise<void> {
  const { cluster, app, from, to, signal } = context;
  const { deployments } = await readState(cluster, app);
  const named = (wanted: string) => deployments.find(({ version }) => version === wanted)?.deployment;
  const fresh = named(to);
  const size = named(from)?.spec.replicas ?? 0;
  if (fresh === undefined) return;
  if ((fresh.spec.replicas ?? 1) < size) {
    const { name } = fresh.metadata;
    await holdSize(context, name, size);
    await cluster.patch(resources.deployments, name, { spec: { replicas: size } }, { signal });
    await waitUntilReady(context, to, { smoke: false });
  }
  await makeKnown(context, to, from);
}
