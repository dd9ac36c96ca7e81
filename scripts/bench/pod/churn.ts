import type { Measured } from '../measured.ts';
import { rawRequest, runClosedLoop } from './closed-loop.ts';
import type { ServerPrograms } from './server-process.ts';
import { median, round } from './throughput.ts';

const order = rawRequest('POST', '/orders', '{"drink":"latte"}');

/** What real callers send in a day, in another order: coffee, bad orders, paths and methods nobody knows. */
function mixedRequest(n: number): Buffer {
  switch (n % 10) {
    case 0:
      return rawRequest('GET', `/coffee?visitor=${n}`);
    case 1:
      return rawRequest('GET', `/no-such-path/${n}`);
    case 2:
      return rawRequest('POST', '/orders', `{"drink":"drink-${n}"}`);
    case 3:
      return rawRequest('POST', '/orders', '{"drink":');
    case 4:
      return rawRequest(n % 20 === 4 ? 'PROPFIND' : 'DELETE', '/orders');
    default:
      return order;
  }
}

interface Sample {
  rssBytes: number;
  handles: number;
  connections: number;
  series: number;
}

async function sample(adminPort: number): Promise<Sample> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
  return {
    rssBytes: value('process_resident_memory_bytes'),
    handles: value('nodejs_active_handles_total'),
    connections: value('http_open_connections'),
    // Garbage collections by kind appear when the first of a kind happens; they are Node's.
    series: text.split('\n').filter((line) => /^(http|app|coffee)_/.test(line)).length,
  };
}

/** A day's connections and requests in minutes: what grows with them would grow without end. */
export async function measureChurn(
  programs: ServerPrograms,
  { requests, rounds }: { requests: number; rounds: number },
): Promise<Measured[]> {
  // A heap as small as the pod's: garbage is collected often, so what stays is seen.
  const { port, adminPort } = await programs.start('services/coffee-shop', { BREW_MS: '0' }, [
    '--max-old-space-size=64',
  ]);
  const samples: Sample[] = [];
  let connections = 0;
  for (let round = 0; round < rounds; round += 1) {
    const count = Math.ceil(requests / rounds);
    await runClosedLoop({
      port,
      connections: 16,
      requests: count,
      request: (n) => mixedRequest(n + round * count),
      requestsPerConnection: 5,
    });
    connections += Math.ceil(count / 5);
    await untilClosed(adminPort);
    samples.push(await sample(adminPort));
  }
  // The first fifth warms up caches and the compiler.
  const early = samples.slice(Math.floor(rounds / 5), Math.floor((rounds * 2) / 5));
  const late = samples.slice(-early.length);
  const of = (field: keyof Sample, from: Sample[]): number => median(from.map((each) => each[field]));
  const against = `${requests} requests over ${connections} connections; the second fifth of the run`;
  return [
    {
      name: 'service: memory after churn',
      value: round(of('rssBytes', late) / of('rssBytes', early)),
      unit: 'x',
      limit: 1.1,
      against: `${against} (${Math.round(of('rssBytes', early) / 1e6)} MB resident)`,
    },
    {
      name: 'service: handles after churn',
      value: of('handles', late) - of('handles', early),
      unit: 'handles',
      limit: 0,
      against: `${against} (${of('handles', early)})`,
    },
    {
      name: 'service: label sets after churn',
      value: of('series', late) - of('series', early),
      unit: 'series',
      limit: 0,
      against: `${against} (${of('series', early)})`,
    },
  ];
}

/** The callers have closed; the service hears of it a moment later. */
async function untilClosed(adminPort: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while ((await sample(adminPort)).connections > 0)
    if (performance.now() > deadline) throw new Error('connections stay open after their callers have left');
}
