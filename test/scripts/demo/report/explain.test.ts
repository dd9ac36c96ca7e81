import { describe, expect, it } from '@jest/globals';
import { describeMoment, explain } from '../../../../scripts/demo/report/explain.ts';
import { lateGateway, loss, run } from './run.ts';

describe('why requests were lost', () => {
  it('names the pod the gateway sent to for longest after its Envoy had ended, and why', () => {
    expect(explain(run()).sentences).toEqual([
      'The gateway still sent to v1-old 6.2 s after its Envoy had ended (from 7.0 s until 13.2 s): it had heard of no change since 1.0 s and did not until 13.0 s.',
      'That cost 4 of 10,000 requests due from 7.1 s to 13.1 s (503: 3, reset 1), 3 of them with "503 connection failure".',
    ]);
  });

  it('says of a gateway that was in time that requests on their way were cut', () => {
    const [gateway] = lateGateway.proxies;
    if (!gateway) throw new Error('no gateway');
    const proxies = [
      {
        ...gateway,
        changes: [
          { atMs: 100, subsets: [''], pods: ['coffee-shop-1-old'] },
          { atMs: 6_900, subsets: [''], pods: [] },
        ],
      },
    ];
    const [sentence] = explain(run({ observation: { ...lateGateway, late: [], proxies } })).sentences;
    expect(sentence).toBe(
      'The gateway let go of v1-old at about the moment when its Envoy had ended (7.0 s), and requests already on their way were cut off.',
    );
  });

  it('blames connections and rules where there is no mesh', () => {
    const observation = { ...lateGateway, late: [], proxies: [] };
    const [sentence] = explain(run({ id: 'plain-naive', observation })).sentences;
    expect(sentence).toContain('from 2.0 s (v1-old) on and exited at once');
    expect(sentence).toContain('11.1 s after the last of them');
  });

  it('blames the machine and not the release when most of them never left the client', () => {
    const starved = loss(9_000, 'timeout', 'no free connection within 15000 ms');
    const { sentences } = explain(run({ losses: [starved, starved, starved, loss(9_000)] }));
    expect(sentences[0]).toMatch(/^3 of 10,000 requests never left the client: /);
    expect(sentences[1]).toContain('says nothing about the release');
    expect(explain(run({ losses: [starved, loss(9_000)] })).sentences[0]).toContain('still sent to');
  });

  it('tells how much time was to spare when nothing was lost', () => {
    const [gateway] = lateGateway.proxies;
    if (!gateway) throw new Error('no gateway');
    const proxies = [
      {
        ...gateway,
        changes: [
          { atMs: 100, subsets: [''], pods: ['coffee-shop-1-old'] },
          { atMs: 2_500, subsets: [''], pods: [] },
        ],
      },
    ];
    const { sentences, examples } = explain(
      run({ losses: [], observation: { ...lateGateway, late: [], proxies } }),
    );
    expect(sentences).toEqual([
      'No request was lost: the gateway had stopped sending to every old pod before it stopped answering, with 4.5 s to spare at the tightest (v1-old).',
      'Each old pod said that it was leaving and went on serving until nobody asked any more: 7.0 s.',
    ]);
    expect(examples).toEqual([]);
  });

  it("gives the switch's longest proof", () => {
    const steps = [
      { name: 'Deploy v2', atMs: 0, durationMs: 900, detail: '2/2 ready' },
      { name: 'Send all traffic to v2', atMs: 900, durationMs: 8_000, detail: 'at 5 proxies' },
    ];
    const { sentences } = explain(run({ id: 'istio-switch', losses: [], steps }));
    expect(sentences[1]).toBe(
      'The switch went on only on proof, and waited longest in "Send all traffic to v2" (8.0 s): at 5 proxies.',
    );
  });

  it('reports a failed run as one', () => {
    const { sentences } = explain({ ...run(), account: undefined, error: 'no room' });
    expect(sentences).toEqual(['The run did not come to its end: no room.']);
  });
});

describe('the requests that show it best', () => {
  it('are the first, the last and one of another kind', () => {
    expect(explain(run()).examples.map(({ loss: { dueMs, kind } }) => [dueMs, kind])).toEqual([
      [7_100, '503'],
      [9_500, 'reset'],
      [13_100, '503'],
    ]);
  });

  it('are all of them when they are few', () => {
    expect(explain(run({ losses: [loss(1), loss(2)] })).examples).toHaveLength(2);
  });

  it('come with who sent where at that moment', () => {
    expect(describeMoment(run(), 3_000)).toBe('the gateway sent to v1-old (draining)');
    expect(describeMoment(run(), 9_000)).toBe(
      'the gateway sent to v1-old (its Envoy had ended 2.0 s before)',
    );
    expect(describeMoment(run(), 14_000)).toBe('the gateway sent to v2-new (ready)');
  });

  it('come with the pods that had ended where nobody can be asked who sends there', () => {
    const slice = { name: 'EndpointSlice', kind: 'endpoints' as const };
    const changes = [
      { atMs: 0, subsets: [], pods: ['coffee-shop-1-old'] },
      { atMs: 2_100, subsets: [], pods: ['coffee-shop-2-new'] },
    ];
    const observation = { ...lateGateway, late: [], proxies: [{ ...slice, changes }] };
    expect(describeMoment(run({ id: 'plain-naive', observation }), 2_500)).toBe(
      'the EndpointSlice named v2-new (ready); v1-old, no longer named, had ended 0.5 s before',
    );
  });
});
