import { Counter, Gauge, type Registry } from 'prom-client';
import type { Drain } from './drain.ts';
import { type Lifecycle, states } from './lifecycle.ts';
import type { Traffic } from './traffic.ts';

export interface LifecycleSources {
  traffic: Traffic;
  lifecycle: Lifecycle;
  drain: Drain;
}

/** The pod's life as metrics, each read from its source at the moment of a scrape. */
export function registerLifecycleMetrics(
  registry: Registry,
  { traffic, lifecycle, drain }: LifecycleSources,
): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };

  gauge('http_requests_in_flight', 'Requests being answered, probes left out.', () => traffic.inFlight);
  gauge('http_open_connections', 'Open connections, probes included.', () => traffic.openConnections);
  counter('http_connections_total', 'Connections accepted, probes included.', () => traffic.connectionsTotal);
  counter('app_drain_requests_total', 'Requests served while draining.', () => traffic.servedSinceAnnounced);
  gauge(
    'app_drain_duration_seconds',
    'How long the drain took; 0 until it is over.',
    () => (drain.result?.durationMs ?? 0) / 1000,
  );
  new Counter({
    name: 'app_drain_forced_closes_total',
    help: 'What the in-flight deadline cut: requests that still ran, connections that were still open.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      this.inc({ kind: 'request' }, traffic.cut.requests);
      this.inc({ kind: 'connection' }, traffic.cut.connections);
    },
  });
  new Gauge({
    name: 'app_lifecycle_state',
    help: '1 for the state the pod is in.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of states) this.set({ state }, state === lifecycle.state ? 1 : 0);
    },
  });
}
