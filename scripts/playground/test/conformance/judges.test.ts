import { describe, expect, it } from '@jest/globals';
import { NotOffered, type Behaviour } from './behaviour.ts';
import { pausesOf, runsOf } from './container-runs.ts';
import { watchLines, whyNoInitialEvents } from './initial-events.ts';
import type { Thing } from './objects.ts';
import { runSuite } from './run-suite.ts';
import type { Target } from './target.ts';

const second = (n: number): string => `2026-11-30T10:00:${String(n).padStart(2, '0')}Z`;
const terminated = (id: string, from: number, to: number) => ({
  terminated: { containerID: id, startedAt: second(from), finishedAt: second(to), exitCode: 5 },
});
const running = (from: number) => ({ running: { startedAt: second(from) } });
const waiting = { waiting: { reason: 'CrashLoopBackOff' } };
const look = (containerID: string, restartCount: number, state: object, lastState: object) => ({
  object: {
    metadata: { name: 'p' },
    status: { containerStatuses: [{ containerID, restartCount, state, lastState }] },
  } as unknown as Thing,
});

describe('the runs of a container', () => {
  it('are told by its own times, when every one was seen', () => {
    const runs = runsOf([
      look('a', 0, running(1), {}),
      look('a', 0, terminated('a', 1, 2), {}),
      look('b', 1, running(3), terminated('a', 1, 2)),
      look('b', 1, waiting, terminated('b', 3, 4)),
      look('c', 2, running(14), terminated('b', 3, 4)),
    ]);
    expect(pausesOf(runs)).toEqual([1, 10]);
  });

  it('are told when the status was late: the back-off seen after most of it, a run seen only when it had ended', () => {
    const runs = runsOf([
      look('b', 1, waiting, terminated('b', 3, 4)),
      look('c', 2, terminated('c', 14, 15), terminated('b', 3, 4)),
    ]);
    expect(pausesOf(runs)).toEqual([10]);
  });

  it('are no pause where one of the two times was never told', () => {
    expect(pausesOf(runsOf([look('a', 0, running(1), {}), look('b', 1, running(9), {})]))).toEqual([
      undefined,
    ]);
    expect(runsOf([look('', 0, { waiting: {} }, {})])).toEqual([]);
  });
});

describe('a server that refuses sendInitialEvents', () => {
  const error = (message: string) =>
    `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'InternalError', code: 500 } })}\n`;

  it('is told apart by what it says, with what its etcd lacks', () => {
    const lines = watchLines(
      error(
        'a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled',
      ),
    );
    expect(whyNoInitialEvents(lines)).toMatch(
      /^the etcd of this cluster is older than 3\.4\.31 \(or 3\.5\.13\)/,
    );
  });

  it.each([
    error('too old resource version: 1 (5)'),
    error('Internal error occurred: etcdserver: request timed out'),
    '{"type":"BOOKMARK","object":{"metadata":{"name":""}}}\n',
    '',
  ])('is not seen in %j', (text) => {
    expect(whyNoInitialEvents(watchLines(text))).toBeUndefined();
  });

  it('is a skipped behaviour with its reason, and any other error a failed one', async () => {
    const behaviour = (name: string, error: Error): Behaviour => ({
      name,
      source: '',
      run: () => Promise.reject(error),
    });
    const kit = { in: () => kit, cleanUp: () => Promise.resolve() };
    const outcomes = await runSuite({ hasIstio: false, kit: () => kit } as unknown as Target, {
      behaviours: [behaviour('a', new NotOffered('too old')), behaviour('b', new Error('not so'))],
      parallel: 1,
      signal: new AbortController().signal,
    });
    expect(outcomes.map(({ result, reason }) => [result, reason])).toEqual([
      ['skipped', 'too old'],
      ['failed', 'not so'],
    ]);
  });
});
