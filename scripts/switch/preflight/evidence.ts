import { messageOf } from '../../shared/errors.ts';
import { askPrometheus, queriesFor } from '../canary/prometheus-source.ts';
import { refuse } from '../refuse.ts';
import type { Check } from './check.ts';

/** A share that cannot be judged would be taken back: better to know before. Says what will be asked. */
export const prometheusAnswers: Check = {
  title: 'Prometheus answers',
  async run({ context: { options, target, signal, clock } }) {
    const { prometheus, canary = [] } = options;
    if (prometheus === undefined || canary.length === 0) return [];
    try {
      await askPrometheus(prometheus, queriesFor(target.host, 60).requests, signal, clock);
    } catch (error) {
      refuse(messageOf(error));
    }
    const queries = Object.values(queriesFor(target.host, 'N')) as string[];
    return [`Evidence from Prometheus at ${prometheus}:`, ...queries.map((query) => `  ${query}`)];
  },
};
