import type { Measured } from '../measured.ts';
import { rawRequest, runClosedLoop } from './closed-loop.ts';
import type { ServerPrograms, ServerProcess } from './server-process.ts';

/** Each is built and run as a program of its own; none is imported. */
const mains = {
  service: 'services/coffee-shop',
  plain: 'test/scripts/bench/opponents/plain',
  bare: 'test/scripts/bench/opponents/bare',
};
type Name = keyof typeof mains;
type PerName<T> = Record<Name, T>;
const names = Object.keys(mains) as Name[];
const connections = 16;
const order = rawRequest('POST', '/orders', '{"drink":"latte"}');

export interface ThroughputSizes {
  /** Processes of each program, one after the other: no two compile the same code in the same way. */
  processes: number;
  /** Per process, in turn with those of the other programs. */
  slices: number;
  /** Per slice. */
  requests: number;
}

/** What one process of each program did. */
interface Round {
  /** CPU time of the serving thread per order, or, where the system does not tell, time by the clock. */
  costMs: PerName<number>;
  p99Ms: PerName<number>;
}

/**
 * Orders the service, its Express app without metrics and lifecycle, and bare node:http
 * can answer. Short slices in turn, so that whatever else the machine does meets all
 * three; and the median, so that one interruption counts once. By the CPU time of the
 * one thread that serves, since that is what bounds it, whoever else uses the machine.
 */
export async function measureThroughput(
  programs: ServerPrograms,
  { processes, slices, requests }: ThroughputSizes,
): Promise<Measured[]> {
  const rounds: Round[] = [];
  for (let index = 0; index < processes; index += 1)
    rounds.push(await measureOnce(programs, { slices, requests }));
  const over = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const perSecond = (name: Name): number => Math.round(1000 / over(({ costMs }) => costMs[name]));
  const ratio = (of: keyof Round, name: Name, against: Name): number =>
    round(over((each) => each[of][name] / each[of][against]));
  const p99Of = (name: Name): number => round(over(({ p99Ms }) => p99Ms[name]));
  const sample = `median of ${processes} processes each, ${slices} slices of ${requests} orders in turn`;
  return [
    {
      name: 'service: throughput with metrics and lifecycle',
      value: ratio('costMs', 'plain', 'service'),
      unit: 'x',
      limit: 0.9,
      bound: 'least',
      against: `the same Express app without them: ${perSecond('service')} and ${perSecond('plain')} orders per second of the serving thread, ${sample}`,
    },
    {
      name: 'service: p99 with metrics and lifecycle',
      value: ratio('p99Ms', 'service', 'plain'),
      unit: 'x',
      limit: round(1 / 0.9),
      against: `the same Express app without them: ${p99Of('service')} and ${p99Of('plain')} ms at full load`,
    },
    {
      name: 'service: throughput beside bare node:http',
      value: ratio('costMs', 'bare', 'service'),
      unit: 'x',
      limit: null,
      against: `node:http alone: ${perSecond('bare')} orders per second; Express alone ${ratio('costMs', 'bare', 'plain')} x`,
    },
  ];
}

async function measureOnce(
  programs: ServerPrograms,
  { slices, requests }: { slices: number; requests: number },
): Promise<Round> {
  // No brewing: it is the service's own work that is measured.
  const servers = {} as PerName<ServerProcess>;
  for (const name of names) servers[name] = await programs.start(mains[name], { BREW_MS: '0' });
  const ask = (name: Name, count: number) =>
    runClosedLoop({ port: servers[name].port, connections, requests: count, request: () => order });
  // Until the compiler has seen enough.
  for (const name of names) await ask(name, requests * 15);

  const costMs: PerName<number[]> = { service: [], plain: [], bare: [] };
  const latenciesMs: PerName<number[]> = { service: [], plain: [], bare: [] };
  for (let slice = 0; slice < slices; slice += 1) {
    // Each goes first as often as the others.
    for (const name of names.map((_, index) => names[(index + slice) % names.length] as Name)) {
      const before = servers[name].cpuMs();
      const answered = await ask(name, requests);
      const after = servers[name].cpuMs();
      const ms = before === undefined || after === undefined ? answered.durationMs : after - before;
      costMs[name].push(ms / requests);
      latenciesMs[name].push(...answered.latenciesMs);
    }
  }
  for (const name of names) {
    servers[name].kill('SIGKILL');
    await servers[name].exited;
  }
  const each = (value: (name: Name) => number): PerName<number> => ({
    service: value('service'),
    plain: value('plain'),
    bare: value('bare'),
  });
  return {
    costMs: each((name) => median(costMs[name])),
    p99Ms: each((name) => percentile(latenciesMs[name], 0.99)),
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
export const round = (value: number): number => Math.round(value * 1000) / 1000;
