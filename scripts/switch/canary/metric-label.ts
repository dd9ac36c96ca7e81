/**
 * By which label Istio's metrics tell versions apart: `destination_version` is the pods' label `version` and
 * nothing else, `destination_canonical_revision` also their `app.kubernetes.io/version`.
 * https://istio.io/latest/docs/reference/config/metrics/#labels
 */
export type MetricLabel = 'destination_version' | 'destination_canonical_revision';

const LABELS: readonly (readonly [string, MetricLabel])[] = [
  ['version', 'destination_version'],
  ['app.kubernetes.io/version', 'destination_canonical_revision'],
  ['service.istio.io/canonical-revision', 'destination_canonical_revision'],
];

/** @param labels what tells the version's pods from others; undefined: the metrics do not tell them apart */
export function metricLabelOf(
  labels: Readonly<Record<string, string>>,
  version: string,
): MetricLabel | undefined {
  return LABELS.find(([key]) => labels[key] === version)?.[1];
}
