/** The last line of a run that stopped: its commands are those that the state that was reached allows. */
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../scripts/shared/clock.ts';
import type { Cluster } from '../../../scripts/shared/cluster/cluster.ts';
import { CommandError } from '../../../scripts/shared/errors.ts';
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import type { Resource } from '../../../scripts/shared/resources.ts';
import { whoServes } from '../../../scripts/switch/cluster-state/read-state.ts';
import type { SwitchContext } from '../../../scripts/switch/context.ts';
import { ANNOTATION } from '../../../scripts/switch/lock/switch-record.ts';
import { createVirtualServiceRouting } from '../../../scripts/switch/routing/virtual-service/virtual-service-routing.ts';
import { sayStopped } from '../../../scripts/switch/say.ts';
import { silentReporter } from '../../../scripts/switch/command/reporter.ts';

const target = { host: 'coffee-shop.shop.svc.cluster.local', namespace: 'shop' };
const virtualService = {
  metadata: { name: 'coffee-shop', namespace: 'shop' },
  spec: {
    hosts: ['coffee-shop'],
    http: [{ route: [{ destination: { host: 'coffee-shop', subset: 'v2' } }] }],
  },
};
const destinationRule = { metadata: { name: 'coffee-shop' }, spec: { host: 'coffee-shop', subsets: [] } };

/** @param phase of the record on the Lease; none: there is no Lease. */
async function lastLine(versions: Record<string, object>, phase?: string): Promise<string> {
  const service = { metadata: { name: 'coffee-shop' }, spec: { selector: { app: 'coffee-shop' } } };
  const deployments = Object.entries(versions).map(([version, metadata]) => ({
    metadata: { name: `coffee-shop-${version}`, ...metadata },
    spec: { template: { metadata: { labels: { app: 'coffee-shop', version } } } },
  }));
  const record = JSON.stringify({ id: 'a', from: 'v1', to: 'v2', phase, startedAt: '' });
  const lease = { metadata: { name: 'switch-coffee-shop', annotations: { [ANNOTATION]: record } }, spec: {} };
  const objects: Record<string, KubernetesObject | undefined> = {
    services: service,
    virtualservices: virtualService,
    leases: phase === undefined ? undefined : lease,
  };
  const cluster = {
    namespace: 'shop',
    get: ({ plural }: Resource) => Promise.resolve(objects[plural]),
    list: () => Promise.resolve(deployments),
  } as unknown as Cluster;
  const context = {
    options: { app: 'coffee-shop', cluster },
    cluster,
    app: 'coffee-shop',
    from: 'v1',
    to: 'v2',
    service,
    clock: systemClock,
    reporter: silentReporter,
    steps: [],
    startedMs: 0,
    whoServes: () => whoServes(cluster, 'coffee-shop'),
    lastSeen: createVirtualServiceRouting({ virtualService, roots: [], destinationRule }, target),
  } as unknown as SwitchContext;
  return (await sayStopped(context, new CommandError('it stopped'))).message;
}

describe('a run that stopped', () => {
  it('a run that stopped goes on or rolls back while both versions are there', async () => {
    expect(await lastLine({ v1: {}, v2: {} }, 'running')).toBe(
      'v2 serves all traffic. Go on with: npm run switch -- --to v2  or roll back with: npm run switch -- --to v2 --undo',
    );
  });

  it('a run that stopped only goes on when the old version is gone, or about to be', async () => {
    const words = 'v2 serves all traffic. Go on with: npm run switch -- --to v2';
    expect(await lastLine({ v2: {} }, 'running')).toBe(words);
    expect(await lastLine({ v1: { deletionTimestamp: '2026-11-23T12:00:00Z' }, v2: {} }, 'running')).toBe(
      words,
    );
  });

  it('a run that stopped is tried again when nothing was begun, also where the new version was there before', async () => {
    const words = 'v2 serves all traffic. Try again: npm run switch -- --to v2';
    expect(await lastLine({ v1: {} }, 'running')).toBe(words);
    expect(await lastLine({ v1: {}, v2: {} })).toBe(words);
    expect(await lastLine({ v1: {}, v2: {} }, 'undone')).toBe(words);
  });
});
