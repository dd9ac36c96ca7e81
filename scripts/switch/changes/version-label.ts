/** Adds the label by which the subset selects a version's pods, where the template has none. */
import type { Deployment } from '../../shared/kubernetes.ts';
import type { SwitchContext } from '../context.ts';
import { renderVersion } from './render-version.ts';
import type { RenderedVersion } from './render-version.ts';

/** Renders the candidate and adds the label that its pods need. */
export async function renderCandidate(
  { options, app, from, to, lastSeen }: Pick<SwitchContext, 'options' | 'app' | 'from' | 'to' | 'lastSeen'>,
  replicas: number,
): Promise<RenderedVersion> {
  const { deployment, others } = await renderVersion(options, { app, version: to, replicas });
  return { deployment: withVersionLabel(deployment, to, lastSeen.labelsLike(to, from)), others };
}

/**
 * Adds the subset's label to the pods. Only where the template already has another label that differs by
 * version: no label repairs a Deployment whose selector matches the pods of two versions.
 */
export function withVersionLabel(
  deployment: Deployment,
  version: string,
  wanted: Readonly<Record<string, string>>,
): Deployment {
  const { template } = deployment.spec;
  const labels = template.metadata?.labels ?? {};
  const missing = Object.entries(wanted).filter(
    ([key, value]) => labels[key] === undefined && value === version,
  );
  if (missing.length === 0 || !Object.values(labels).includes(version)) return deployment;
  const metadata = { ...template.metadata, labels: { ...labels, ...Object.fromEntries(missing) } };
  return { ...deployment, spec: { ...deployment.spec, template: { ...template, metadata } } };
}
