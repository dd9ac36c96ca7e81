/** What a switch would do: each step with the exact change to each object and the proof it would ask for. Reads only. */
import { diffObjects } from './diff.ts';
import { autoscalersOf, copyFor, isAutoscaler, withFloor } from './autoscaler.ts';
import { queriesFor } from './canary/prometheus-source.ts';
import { renderVersion } from './render-version.ts';
import { redirect } from './routes.ts';
import { readState } from './state.ts';
import { findSubset, subsetLike, withSubset, withoutSubset } from './subsets.ts';
import { LEAST_SAMPLE } from './steps/canary.ts';
import type { Step, SwitchContext } from './types.ts';

export interface PlannedStep {
  name: string;
  title: string;
  /** Diff lines, object by object. */
  changes: string[];
  proof: string;
}

export async function describePlan(context: SwitchContext, steps: Step[]): Promise<PlannedStep[]> {
  const { from, to, quietMs } = context;
  const changes = await changesOf(context);
  const proofs: Record<string, string> = {
    'deploy-version': 'rolled out, every pod ready, one request to each pod itself',
    'add-subset': `A: at every proxy ${to}'s cluster is active and its healthy endpoints are its ready pods`,
    'shift-traffic': `B: every proxy has this revision of the route, and none names ${from}`,
    'drain-old': `C: at no proxy a request is active or begins on ${from} for ${quietMs / 1000} s`,
    'remove-subset': `${from}'s cluster is gone from every proxy`,
    'delete-old': 'its pods are gone (from here on there is no way back)',
  };
  return steps
    .filter(({ name }) => name in proofs || name.startsWith('canary-'))
    .map((step) => ({
      name: step.name,
      title: step.title(context),
      changes: changes[step.name] ?? [],
      proof:
        proofs[step.name] ??
        `B for this share, then at least ${LEAST_SAMPLE} answers of ${to} with no more errors and no more slow ones than ${from} (${sourceOf(context)})`,
    }));
}

function sourceOf({ options: { prometheus }, target }: SwitchContext): string {
  if (prometheus === undefined) return "as the callers' proxies count them";
  const { requests, errors, latencies } = queriesFor(target.host, 'N');
  return `as Prometheus at ${prometheus} counts them: ${requests}; ${errors}; ${latencies}`;
}

async function changesOf(context: SwitchContext): Promise<Record<string, string[]>> {
  const { options, cluster, app, from, to, known, marker, target } = context;
  const { deployments } = await readState(cluster, app);
  const old = deployments.find(({ version }) => version === from)?.deployment;
  const existing = deployments.find(({ version }) => version === to)?.deployment;
  const replicas = old?.spec.replicas ?? 1;
  const { destinationRule, virtualService } = known;
  const model = findSubset(destinationRule, from) ?? { name: from, labels: { version: from } };
  const both = withSubset(destinationRule, findSubset(destinationRule, to) ?? subsetLike(model, from, to));
  const http = virtualService.spec.http ?? [];
  const moved = redirect(http, { from, to, share: 100, marker }, target);
  const title = (kind: string, name: string, lines: string[]) =>
    lines.length > 0 ? [`${kind} ${name}`, ...lines] : [];
  return {
    'deploy-version': existing
      ? [`Deployment ${existing.metadata.name} is there already`]
      : await (async () => {
          const { deployment, others } = await renderVersion(options, { app, version: to, replicas });
          const { name } = deployment.metadata;
          const own = others.some(isAutoscaler);
          const models = own || old === undefined ? [] : await autoscalersOf(cluster, old.metadata.name);
          const copies = models.map((model) =>
            withFloor(copyFor(model, { from, to, deployment: name }), replicas),
          );
          return [...others, deployment, ...copies].flatMap((object) =>
            title(object.kind ?? '', object.metadata.name, diffObjects(undefined, object)),
          );
        })(),
    'add-subset': title('DestinationRule', app, diffObjects(destinationRule.spec.subsets, both)),
    'shift-traffic': title('VirtualService', virtualService.metadata.name, diffObjects(http, moved)),
    'remove-subset': title(
      'DestinationRule',
      app,
      diffObjects(
        both,
        withoutSubset({ ...destinationRule, spec: { ...destinationRule.spec, subsets: both } }, from),
      ),
    ),
    'delete-old': old
      ? [
          `- Deployment ${old.metadata.name} (${old.spec.replicas ?? 1} pods)`,
          ...(await autoscalersOf(cluster, old.metadata.name)).map(
            ({ metadata }) => `- HorizontalPodAutoscaler ${metadata.name}`,
          ),
        ]
      : [],
  };
}
