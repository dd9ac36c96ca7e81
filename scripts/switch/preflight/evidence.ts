import { messageOf } from '../../shared/errors.ts';
import { askPrometheus, queriesFor } from '../canary/prometheus-source.ts';
import { metricLabelOf } from '../canary/metric-label.ts';
import { refuse } from '../refuse.ts';
import type { Check } from './check.ts';

/**
 * A share without evidence would be rolled back: so the source is verified first. Notes what will be
 * measured.
 */
export const prometheusAnswers: Check = {
  title: 'Prometheus answers',
  async run({ context: { options, signal, clock, lastSeen, from, to } }) {
    const { prometheus, canary = [] } = options;
    if (prometheus === undefined || canary.length === 0) return [];
    const labels = lastSeen.labelsLike(to, from);
    const label = metricLabelOf(labels, to);
    if (label === undefined)
      refuse(
        `Istio's metrics do not tell versions apart by the labels of the subset ${to} (${Object.keys(labels).join(', ')}): label the pods with version too, or take the evidence from the callers' proxies, without --prometheus`,
      );
    try {
      await askPrometheus(prometheus, queriesFor(lastSeen.hosts, 60, label).requests, signal, clock);
    } catch (error) {
      refuse(messageOf(error));
    }
    const queries = Object.values(queriesFor(lastSeen.hosts, 'N', label)) as string[];
    return [`Evidence from Prometheus at ${prometheus}:`, ...queries.map((query) => `  ${query}`)];
  },
};
