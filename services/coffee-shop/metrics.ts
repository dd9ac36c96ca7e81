import { Counter, Histogram, type Registry } from 'prom-client';

/** The shop's own metrics, beside the kit's. Every label has a closed set of values. */
export interface Metrics {
  orders: Pick<Counter<'drink' | 'outcome'>, 'inc'>;
  brewSeconds: Pick<Histogram, 'observe'>;
}

export function createMetrics(registry: Registry): Metrics {
  const registers = [registry];
  return {
    orders: new Counter({
      name: 'coffee_orders_total',
      help: 'Orders by drink and outcome.',
      labelNames: ['drink', 'outcome'],
      registers,
    }),
    brewSeconds: new Histogram({
      name: 'coffee_brew_duration_seconds',
      help: 'How long brewing took.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
}
