import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ALL_WELL,
  startAttackedPlayground,
  type AttackedPlayground,
} from '../../support/attacked-playground.ts';
import { throwAll } from '../../support/raw-requests.ts';

let playground: AttackedPlayground;

beforeAll(async () => {
  playground = await startAttackedPlayground();
}, 90_000);

afterAll(() => playground.close(), 30_000);

describe('raw requests at every port that the playground and its live page listen on', () => {
  it('finds those ports by itself, the told ones among them', () => {
    const found = playground.ports().map(({ host, port }) => `${host}:${port}`);
    expect(found).toEqual(
      expect.arrayContaining(Object.values(playground.urls).map((url) => new URL(url).host)),
    );
    // Both proxies of the two pods and the gateway's have an admin port, istiod its debug port, the pods theirs.
    for (const port of [15000, 15014, 15020, 15021, 15090, 8080, 9090])
      expect(found.filter((one) => one.endsWith(`:${port}`))).not.toEqual([]);
    expect(found.length).toBeGreaterThan(30);
  });

  it('end no process, meet no unforeseen fault, and leave every function working', async () => {
    expect(await playground.useAll()).toEqual(ALL_WELL);
    const processes = playground.processes();
    const unforeseen: string[] = [];
    for (const aim of playground.ports()) {
      for (const [name, answer] of await throwAll(aim))
        if (/^HTTP\/1\.[01] 500/.test(answer)) unforeseen.push(`${aim.host}:${aim.port} ${name}: ${answer}`);
    }
    expect(unforeseen).toEqual([]);
    expect(playground.stderr()).not.toMatch(/ListenerFault|broke and has ended/);
    expect(playground.processes()).toEqual(processes);
    expect(await playground.useAll()).toEqual(ALL_WELL);
  }, 240_000);
});
