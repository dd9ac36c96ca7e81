import { describe, expect, it } from '@jest/globals';
import { createStory } from '../story.ts';
import { createPrng } from '../time/prng.ts';
import { createTimeline } from '../time/timeline.ts';
import { destinationRuleOf, virtualServiceOf } from '../world/manifests.ts';
import type { MeshView } from './config.ts';
import { createProxy } from './proxy.ts';

const style = { hasMatch: false, hasWeight: false, delayMs: 0 };
const view = (...versions: string[]): MeshView => ({
  rule: destinationRuleOf(versions),
  routes: virtualServiceOf('v1', style),
  endpoints: [],
});

describe('a simulated proxy that has lost its istiod before its first configuration came', () => {
  it('begins with what the next istiod tells it, and hears nothing more of the first', async () => {
    const timeline = createTimeline();
    const story = createStory(timeline, false);
    const lagMs = { clusters: 400, endpoints: 400, routes: 400 };
    const pod = { name: 'caller', namespace: 'callers', type: 'sidecar' as const };
    const proxy = createProxy(pod, { timeline, story, prng: createPrng(1), lagMs });
    proxy.start();
    proxy.begin(view('v1'));
    proxy.push(view('v1', 'v3'));
    proxy.lagMs = { clusters: 1, endpoints: 1, routes: 1 };
    proxy.begin(view('v1', 'v2'));
    let isOver = false;
    timeline.after(5000, () => (isOver = true));
    await timeline.run(() => isOver);
    expect([...proxy.clusters.keys()]).toEqual(['', 'v1', 'v2']);
  });
});
