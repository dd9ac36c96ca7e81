import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../../../scripts/shared/clock.ts';
import type { Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { messageOf } from '../../../../scripts/shared/errors.ts';
import type { Deployment, Pod } from '../../../../scripts/shared/kubernetes.ts';
import type { Resource } from '../../../../scripts/shared/resources.ts';
import type { SwitchContext } from '../../../../scripts/switch/context.ts';
import { describeLeft, podsGone } from '../../../../scripts/switch/steps/pods-gone.ts';

const pod = (name: string, metadata: object = {}, nodeName?: string): Pod => ({
  metadata: { name, deletionTimestamp: '2026-11-23T12:00:00Z', ...metadata },
  spec: { containers: [], ...(nodeName === undefined ? {} : { nodeName }) },
});
const held = pod('coffee-shop-v1-a', { finalizers: ['team.example/keep', 'b'] }, 'node-1');

describe('the pods that a version still has', () => {
  it('pods that a version still has are named with their node and with what holds them', () => {
    expect(describeLeft([held])).toBe(
      '1 left: pod coffee-shop-v1-a on node node-1 ending since 2026-11-23T12:00:00Z, waits for finalizer team.example/keep, b',
    );
    expect(describeLeft([pod('x', {}, 'node-2'), pod('y', { deletionTimestamp: undefined })])).toBe(
      '2 left: pod x on node node-2 ending since 2026-11-23T12:00:00Z; pod y not being deleted',
    );
    expect(describeLeft(['a', 'b', 'c', 'd', 'e'].map((name) => pod(name)))).toMatch(
      /^5 left: pod a .*; 2 more$/,
    );
  });

  it('pods that a version still has are in the reason when time is up, with a Deployment that is held itself', async () => {
    let time = 0;
    // Whatever is waited for comes at once.
    const clock: Clock = {
      now: () => time,
      date: () => new Date(time),
      after: (ms, callback) => {
        time += ms;
        queueMicrotask(callback);
        return () => undefined;
      },
    };
    const labels = { app: 'coffee-shop', version: 'v1' };
    const deployment: Deployment = {
      metadata: {
        name: 'coffee-shop-v1',
        deletionTimestamp: '2026-11-23T12:00:00Z',
        finalizers: ['team.example/hold'],
      },
      spec: { selector: {}, template: { metadata: { labels }, spec: { containers: [] } } },
    };
    const reasonWith = (pods: Pod[]) => {
      const cluster = {
        list: ({ plural }: Resource) => Promise.resolve(plural === 'pods' ? pods : [deployment]),
      } as unknown as Cluster;
      const context = {
        cluster,
        clock,
        signal: new AbortController().signal,
        stepTimeoutMs: 1000,
        reporter: { progress: () => undefined },
        service: { metadata: { name: 'coffee-shop' }, spec: { selector: { app: 'coffee-shop' } } },
        lastSeen: {
          labelsOf: (version: string) => ({ version }),
          versionOf: ({ version }: Record<string, string>) => version,
        },
      } as unknown as SwitchContext;
      return podsGone(context, 'v1', [])
        .prove()
        .catch((error: unknown) => messageOf(error));
    };
    expect(await reasonWith([held])).toBe(
      'waited 1 min for the pods of v1 to end (1 left: pod coffee-shop-v1-a on node node-1 ending since 2026-11-23T12:00:00Z, waits for finalizer team.example/keep, b)',
    );
    expect(await reasonWith([pod('idle', { deletionTimestamp: undefined })])).toBe(
      'waited 1 min for the pods of v1 to end (1 left: pod idle not being deleted; Deployment coffee-shop-v1 waits for finalizer team.example/hold)',
    );
  });
});
