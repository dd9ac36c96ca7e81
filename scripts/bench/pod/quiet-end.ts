import type { Measured } from '../measured.ts';
import type { ServerPrograms } from './server-process.ts';
import { round } from './throughput.ts';

/**
 * A pod whose traffic stops the moment preStop begins, ended as the
 * kubelet does: the hook, then SIGTERM, then its exit.
 */
export async function measureQuietEnd(
  programs: ServerPrograms,
  { minMs, quietMs }: { minMs: number; quietMs: number },
): Promise<Measured[]> {
  const pod = await programs.start('services/coffee-shop', {
    DRAIN_MIN_MS: String(minMs),
    DRAIN_QUIET_MS: String(quietMs),
  });
  const order = await fetch(`http://127.0.0.1:${pod.port}/orders`, { method: 'POST' });
  if (!order.ok) throw new Error(`an order answered ${order.status}`);
  const beganAt = performance.now();
  await (await fetch(`http://127.0.0.1:${pod.adminPort}/lifecycle/drain`)).text();
  pod.kill('SIGTERM');
  await pod.exited;
  return [
    {
      name: 'service: end of a pod whose traffic stops at once',
      value: round((performance.now() - beganAt) / 1000),
      unit: 's',
      limit: (minMs + quietMs + 500) / 1000,
      against: `minMs ${minMs}, quietMs ${quietMs} and half a second, from preStop to exit`,
    },
  ];
}
