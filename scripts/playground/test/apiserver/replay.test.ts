import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask } from './http-client.ts';
import { startReplayCluster, type ReplayCluster } from './replay/cluster.ts';
import { DIFFERENCES } from './replay/differences.ts';
import { Names } from './replay/names.ts';
import { readRecording, RECORDINGS, type Exchange } from './replay/recordings.ts';
import { replayOne, type Outcome } from './replay/replay.ts';
import { between, nameThePod, setScene } from './replay/scene.ts';

/** What share of the recorded requests must get the recorded status, reason and message. */
const LEAST_SHARE = 0.95;

let cluster: ReplayCluster;
const outcomes: Outcome[] = [];

/** Whose token a recorded request carried: the file has blanked it, its answer tells. */
async function tokenFor({ name, request, response }: Exchange): Promise<string> {
  const text = JSON.stringify(response.body ?? '');
  if (response.status === 401) return 'wrong';
  if (text.includes('system:anonymous') || name.startsWith('anonymous')) return '';
  const account = /system:serviceaccount:(\w+):(\w+)/.exec(text);
  const namespace = account?.[1] ?? (/weak account|by a role/.test(name) ? 'sub' : undefined);
  if (namespace === undefined || request.path.endsWith('/token')) return cluster.server.token;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account?.[2] ?? 'weak'}/token`;
  const { body } = await ask(cluster.server, 'POST', path, { body: {} });
  return (body['status'] as { token: string }).token;
}

beforeAll(async () => {
  cluster = await startReplayCluster();
  const names = new Names();
  const { server } = cluster;
  for (const recording of RECORDINGS) {
    setScene(recording, cluster);
    for (const exchange of readRecording(recording)) {
      between(exchange.name, cluster);
      await cluster.settle();
      nameThePod(cluster, names, JSON.stringify(exchange.request));
      const outcome = await replayOne({ server, names }, exchange, await tokenFor(exchange));
      outcomes.push({ ...outcome, name: `${recording}: ${outcome.name}` });
    }
  }
}, 240_000);

afterAll(() => cluster.close());

describe('what a real kube-apiserver was asked', () => {
  it('is answered with the same status, reason and message', () => {
    const same = outcomes.filter((one) => one.same).length;
    expect(outcomes.length).toBeGreaterThan(300);
    expect(same / outcomes.length).toBeGreaterThanOrEqual(LEAST_SHARE);
  });

  it('is answered differently only where the list says so, and why', () => {
    const others = outcomes.filter((one) => !one.same);
    const unexplained = others.filter(({ name }) => !(name in DIFFERENCES));
    expect(unexplained.map(({ name, wanted, got }) => ({ name, wanted, got }))).toEqual([]);
    expect(others.map(({ name }) => name).sort()).toEqual(Object.keys(DIFFERENCES).sort());
  });
});
