import type { Measured } from '../measured.ts';
import { rawRequest, runClosedLoop } from './closed-loop.ts';
import type { ServerPrograms, ServerProcess } from './server-process.ts';

const mains = {
  service: 'coffee-shop',
  plain: 'coffee-shop/bench/plain',
  bare: 'coffee-shop/bench/bare',
};
type Name = keyof typeof mains;
const names = Object.keys(mains) as Name[];
const connections = 16;
const order = rawRequest('POST', '/orders', '{"drink":"latte"}');

/**
 * Orders the service, its Express app without metrics and lifecycle, and bare node:http can answer. Short slices in
 * turn, so that whatever else the machine does meets all three. Orders per second of CPU where the system tells it:
 * one thread serves, so that is what it can do per second, and another program's work does not change it.
 */
export async function measureThroughput(
  programs: ServerPrograms,
  { slices, requests }: { slices: number; requests: number },
): Promise<Measured[]> {
  // No brewing: it is the service's own work that is measured.
  const env = { BREW_MS: '0' };
  const servers = {} as Record<Name, ServerProcess>;
  for (const name of names) servers[name] = await programs.start(mains[name], env);
  const ask = (name: Name, count = requests) =>
    runClosedLoop({ port: servers[name].port, connections, requests: count, request: () => order });
  for (const name of names) await ask(name, requests * 3);

  const clockMs: Record<Name, number[]> = { service: [], plain: [], bare: [] };
  const p99Ms: Record<Name, number[]> = { service: [], plain: [], bare: [] };
  const ticks = (name: Name): number => servers[name].cpuTicks() ?? NaN;
  const ticksBefore = names.map(ticks);
  for (let slice = 0; slice < slices; slice += 1) {
    // Each goes first as often as the others.
    for (const name of names.map((_, index) => names[(index + slice) % names.length] as Name)) {
      const { durationMs, latenciesMs } = await ask(name);
      clockMs[name].push(durationMs);
      p99Ms[name].push(percentile(latenciesMs, 0.99));
    }
  }
  const cpuMs = names.map((name, index) => (ticks(name) - (ticksBefore[index] ?? NaN)) * 10);
  const hasCpu = cpuMs.every((ms) => ms > 0);
  const perSecond = (name: Name): number =>
    Math.round(
      hasCpu
        ? (slices * requests * 1000) / (cpuMs[names.indexOf(name)] ?? NaN)
        : (requests * 1000) / median(clockMs[name]),
    );
  const unit = hasCpu ? 'orders per second of CPU' : 'orders/s';
  const byClock = median(clockMs.plain.map((ms, slice) => ms / (clockMs.service[slice] ?? NaN)));
  const p99 = median(p99Ms.service.map((ms, slice) => ms / (p99Ms.plain[slice] ?? NaN)));
  const sample = `${slices} slices of ${requests} orders in turn`;
  return [
    {
      name: 'service: throughput with metrics and lifecycle',
      value: round(perSecond('service') / perSecond('plain')),
      unit: 'x',
      limit: 0.9,
      bound: 'least',
      against: `the same Express app without them: ${perSecond('service')} and ${perSecond('plain')} ${unit}, ${sample}; by the clock ${round(byClock)}`,
    },
    {
      name: 'service: p99 with metrics and lifecycle',
      value: round(p99),
      unit: 'x',
      limit: round(1 / 0.9),
      against: `the same Express app without them: ${round(median(p99Ms.service))} and ${round(median(p99Ms.plain))} ms at full load, ${sample}`,
    },
    {
      name: 'service: throughput beside bare node:http',
      value: round(perSecond('service') / perSecond('bare')),
      unit: 'x',
      limit: null,
      against: `node:http alone: ${perSecond('bare')} ${unit}; Express alone ${round(perSecond('plain') / perSecond('bare'))} x`,
    },
  ];
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
export const round = (value: number): number => Math.round(value * 1000) / 1000;
