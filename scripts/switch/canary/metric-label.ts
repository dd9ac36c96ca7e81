/**
 * The label that tells versions apart in Istio's metrics. `destination_version` is the pods' label `version`.
 * `destination_canonical_revision` can also be their `app.kubernetes.io/version`.
 * https://istio.io/latest/docs/reference/config/metrics/#labels
 */
export type MetricLabel = 'destination_version' | 'destination_canonical_revision';

const LABELS: readonly (readonly [string, MetricLabel])[] = [
  ['version', 'destination_version'],
  ['app.kubernetes.io/version', 'destination_canonical_revision'],
  ['service.istio.io/canonical-revision', 'destination_canonical_revision'],
];

/**
 * @param labels by which the version's subset selects
 * @returns undefined where the metrics cannot tell the versions apart
 */
export function metricLabelOf(
  labels: Readonly<Record<string, string>>,
  version: string,
): MetricLabel | undefined {
  return LABELS.find(([key]) => labels[key] === version)?.[1];
}
