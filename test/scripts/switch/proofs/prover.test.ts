import { describe, expect, it } from '@jest/globals';
import { createProver } from '../../../../scripts/switch/proofs/prover.ts';
import type { Mesh } from '../../../../scripts/switch/proofs/mesh.ts';
import type { Proxy } from '../../../../scripts/switch/proofs/proxies.ts';
import { proven, unproven } from '../../../../scripts/switch/routing/verdict.ts';
import type { Question } from '../../../../scripts/switch/routing/traffic-routing.ts';

const proxy: Proxy = {
  key: 'late',
  namespace: 'shop',
  pod: 'late',
  type: 'sidecar',
  uid: 'late',
  terminating: false,
  rejected: undefined,
};

/**
 * One proxy, whose answers come one after the other; the last one
 * stays. It serves from its second question on.
 */
function starting(...answers: string[]) {
  const asked: string[] = [];
  const mesh = {
    list: () => Promise.resolve([proxy]),
    ask: (_proxy: Proxy, path: string) => {
      asked.push(path);
      return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1]);
    },
    inTurn: <T>(_proxy: Proxy, task: () => Promise<T>) => task(),
    isLive: () => Promise.resolve(asked.length > 0),
    unseenBy: () => Promise.resolve(undefined),
  } as unknown as Mesh;
  return { mesh, asked };
}

/** Reads "nothing", "old" or "new". */
const question: Question<ReadonlySet<string> | undefined> = {
  paths: ['/config_dump'],
  written: { metadata: { name: 'coffee-shop' } },
  read: ([answer]) => (answer === 'old' ? unproven('it has the old one') : proven(answer === 'new')),
};
const pods = () => Promise.resolve({ addresses: new Set(['10.0.0.1']), problem: undefined });
const deadline = { deadlineMs: 5000 };

describe('a proxy that begins to serve between its answer, which has nothing of the service, and the look at whether it serves', () => {
  it('a proxy that begins to serve after its empty answer is asked again, and proves A only with what it has then', async () => {
    const { mesh, asked } = starting('nothing', 'old', 'old', 'new');
    const host = 'coffee-shop.shop.svc.cluster.local';
    await createProver(mesh).endpoints({ version: 'v2', host, question, pods }, deadline);
    expect(asked.length).toBeGreaterThanOrEqual(4);
  });

  it('a proxy that begins to serve after its empty answer is asked again, and proves B only with what it has then', async () => {
    const { mesh, asked } = starting('nothing', 'old', 'old', 'new');
    await createProver(mesh).routes({ question: question }, deadline);
    expect(asked.length).toBeGreaterThanOrEqual(4);
  });

  it('a proxy that begins to serve and still has nothing of the service is done', async () => {
    const { mesh, asked } = starting('nothing');
    await createProver(mesh).routes({ question: question }, deadline);
    expect(asked.length).toBe(2);
  });
});
