/**
 * The plain subset selects its pods by the hash of their template. While proxies use it, no rollout may
 * replace these pods. The roll back of this step deletes, last of all, the objects that the adoption created.
 */
import type { Service } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { deleteOf, patchOf } from '../changes/change.ts';
import type { Change } from '../changes/change.ts';
import { findVersion, listVersions } from '../cluster-state/versions.ts';
import { waitUntilReady } from '../cluster-state/wait-until-ready.ts';
import type { SwitchContext } from '../context.ts';
import { unedited } from '../proofs/still-serving.ts';
import { alreadySo } from '../step.ts';
import type { Step } from '../step.ts';
import { plainServes } from './where-it-stands.ts';

export const pauseRollouts: Step = {
  name: 'pause-rollouts',
  title: ({ deployments }) => `Pause rollouts of ${deployments.from}`,
  subject: ({ deployments }) => ({ kind: resources.deployments.kind, name: deployments.from }),
  onFailure: 'undo',
  changes: async (context) => [
    ...(await paused(context, true)),
    ...(await annotated(context, (name) => name)),
  ],
  claim: (context) =>
    plainServes(context)
      ? {
          text: `its pods are all of one template, and ready`,
          prove: async () => ({ detail: await waitUntilReady(context, context.from, { smoke: false }) }),
        }
      : alreadySo(`${context.to} serves already`),
  undo: {
    title: ({ deployments }) => `Leave ${deployments.from} as it was`,
    before: { claim: unedited },
    changes: async (context) => [
      ...madeObjects(context),
      ...(await annotated(context, () => null)),
      ...(await paused(context, null)),
    ],
    claim: ({ deployments }) => alreadySo(`${deployments.from} serves as before`),
  },
};

async function paused(context: SwitchContext, wanted: true | null): Promise<Change[]> {
  const deployment = findVersion(await listVersions(context.cluster, context), context.from);
  if (deployment === undefined || (deployment.spec['paused'] === true) === (wanted === true)) return [];
  return [patchOf(resources.deployments, deployment, { spec: { paused: wanted } })];
}

/** Annotates the Service with the names of its routes and subsets, where these differ from the app's name. */
async function annotated(
  { cluster, app, record: { adopts } }: SwitchContext,
  valueOf: (name: string) => string | null,
): Promise<Change[]> {
  const wanted = Object.entries(adopts?.annotations ?? {}).map(
    ([key, name]) => [key, valueOf(name)] as const,
  );
  const service = wanted.length === 0 ? undefined : await cluster.get<Service>(resources.services, app);
  if (service === undefined) return [];
  const { annotations = {} } = service.metadata;
  const different = wanted.filter(([key, value]) => (annotations[key] ?? null) !== value);
  const patch = { metadata: { annotations: Object.fromEntries(different) } };
  return different.length === 0 ? [] : [patchOf(resources.services, service, patch)];
}

/** The routes come first: no route may name a subset that is gone. */
function madeObjects(context: SwitchContext): Change[] {
  const { routes, subsets } = context.record.adopts?.makes ?? { routes: false, subsets: false };
  const { lastSeen } = context;
  const deletion = (isMade: boolean, { kind }: { kind: string }) =>
    lastSeen.objects
      .filter(({ resource }) => isMade && resource.kind === kind)
      .map(({ resource, object }) => deleteOf(resource, object, { uid: object.metadata.uid }));
  return [...deletion(routes, lastSeen.routesName), ...deletion(subsets, lastSeen.versionsName)];
}
