import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPlayground, type Playground } from '../../index.ts';
import { allBehaviours, chapters } from './behaviours/index.ts';
import { runSuite, type Outcome } from './run-suite.ts';
import { openTarget } from './target.ts';

// Files follow a ConfigMap within 90 s, images and back-off wait 10 s: shortened here, and only that.
const delays = { kubelet: { volumeRefresh: 1_000, imageBackoff: 2_000 } };

let playground: Playground | undefined;
let outcomes: Outcome[] = [];

beforeAll(async () => {
  playground = await startPlayground({ delays });
  const target = await openTarget({
    choice: { kubeconfigs: [playground.kubeconfig] },
    image: 'coffee-shop:1.0.0',
    node: 'node',
  });
  try {
    const never = new AbortController().signal;
    outcomes = await runSuite(target, { behaviours: allBehaviours, parallel: 12, signal: never });
  } finally {
    await target.close();
  }
}, 300_000);
afterAll(() => playground?.close());

describe.each(chapters)('the playground, as a cluster: $title', ({ behaviours }) => {
  it.each(behaviours)('$name', ({ name }) => {
    const outcome = outcomes.find(({ behaviour }) => behaviour.name === name);
    expect({ result: outcome?.result, reason: outcome?.reason }).toEqual({ result: 'passed' });
  });
});
