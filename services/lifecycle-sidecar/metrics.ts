import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface SidecarMetrics {
  registry: Registry;
  preStops: Counter<'outcome'>;
  preStopSeconds: Histogram;
  /** Flight records that could not be written to the termination log. */
  recordsLost: Counter;
  draining: Gauge;
}

export function createSidecarMetrics(): SidecarMetrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    preStops: new Counter({
      name: 'lifecycle_pre_stops_total',
      help: 'Hooks answered, by how the wait for the app ended.',
      labelNames: ['outcome'],
      registers,
    }),
    preStopSeconds: new Histogram({
      name: 'lifecycle_pre_stop_duration_seconds',
      help: 'How long the hook was held.',
      buckets: [1, 2.5, 5, 7.5, 10, 15, 20, 30, 45, 60],
      registers,
    }),
    recordsLost: new Counter({
      name: 'lifecycle_flight_records_lost_total',
      help: 'Flight records that could not be written to the termination log.',
      registers,
    }),
    draining: new Gauge({
      name: 'lifecycle_draining',
      help: '1 from the hook to the end of the app.',
      registers,
    }),
  };
}
