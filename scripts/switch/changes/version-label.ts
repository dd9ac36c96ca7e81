/** The label by which a version's pods are told from others, where the template does not give it. */
import type { Deployment } from '../../shared/kubernetes.ts';
import type { SwitchContext } from '../context.ts';
import { renderVersion } from './render-version.ts';
import type { RenderedVersion } from './render-version.ts';

/** What the template set makes of the candidate, with the label that its pods need. */
export async function renderCandidate(
  { options, app, from, to, lastSeen }: Pick<SwitchContext, 'options' | 'app' | 'from' | 'to' | 'lastSeen'>,
  replicas: number,
): Promise<RenderedVersion> {
  const { deployment, others } = await renderVersion(options, { app, version: to, replicas });
  return { deployment: withVersionLabel(deployment, to, lastSeen.labelsLike(to, from)), others };
}

/**
 * The same with the label by which the subset selects, on its pods. Only where the template tells versions
 * apart by another label already: no label mends a selector that means the pods of two versions.
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
