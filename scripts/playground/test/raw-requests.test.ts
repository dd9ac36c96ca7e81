import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ALL_WELL,
  startAttackedPlayground,
  type AttackedPlayground,
} from '../../../test/support/attacked-playground.ts';
import { throwAllAt } from '../../../test/support/raw-requests.ts';

let playground: AttackedPlayground;

beforeAll(async () => {
  playground = await startAttackedPlayground();
}, 90_000);

afterAll(() => playground.close(), 30_000);

describe('raw requests at every port that the playground listens on', () => {
  it('finds those ports by itself, the told ones among them', () => {
    const found = playground.ports().map(({ host, port }) => `${host}:${port}`);
    expect(found).toEqual(
      expect.arrayContaining(Object.values(playground.urls).map((url) => new URL(url).host)),
    );
    // Both proxies of the two pods and the gateway's have an admin
    // port, istiod its debug port, the pods theirs.
    for (const port of [15000, 15014, 15020, 15021, 15090, 8080, 9090])
      expect(found.filter((one) => one.endsWith(`:${port}`))).not.toEqual([]);
    expect(found.length).toBeGreaterThan(30);
  });

  it('find a proxy that answers on, whatever pattern they bring', async () => {
    // Backtracking would take longer than anybody waits.
    const pattern = encodeURIComponent(`^(${'([a-z_.]+)+'.repeat(8)})+!$`);
    const admin = playground.ports().find(({ port }) => port === 15000);
    for (const target of [
      `/stats?filter=${pattern}`,
      `/config_dump?resource=dynamic_active_clusters&name_regex=${pattern}`,
    ]) {
      const answer = await fetch(`http://${String(admin?.host)}:15000${target}`);
      expect(answer.status).toBe(200);
    }
  });

  it('end no process, meet no unforeseen fault, and leave every function working', async () => {
    expect(await playground.useAll()).toEqual(ALL_WELL);
    const processes = playground.processes();
    const answers = await throwAllAt(playground.ports());
    expect(answers.filter(({ answer }) => /^HTTP\/1\.[01] 500/.test(answer))).toEqual([]);
    expect(playground.stderr()).not.toMatch(/ListenerFault|broke and has ended/);
    expect(playground.processes()).toEqual(processes);
    expect(await playground.useAll()).toEqual(ALL_WELL);
  }, 240_000);
});
