import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { demoSelector } from '../../../../scripts/demo/on-cluster/options.ts';
import { environmentOnCluster } from '../../../../scripts/demo/on-cluster/environment-on-cluster.ts';
import { rightsFor } from '../../../../scripts/demo/on-cluster/rights.ts';
import { runScenario } from '../../../../scripts/demo/run-scenario.ts';
import { findScenario, type ScenarioId } from '../../../../scripts/demo/scenarios.ts';
import { quickDefaults } from '../../../../scripts/demo/settings.ts';
import { startPlayground, type Playground, type PlaygroundOptions } from '../../../support/cluster.ts';
import { connectCluster, type Cluster } from '../../../../scripts/shared/cluster/cluster.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { neededRights, type Right } from '../../../../scripts/switch/index.ts';
import { startDemo } from '../../../support/demo-process.ts';
import { endAfterAll } from '../../../support/end-after-all.ts';

type Question = Parameters<NonNullable<PlaygroundOptions['authorize']>>[0];

let folder: string;
/** A cluster that somebody else started, known by a kubeconfig and nothing else. */
let foreign: Playground;
let admin: Cluster;
/**
 * Who may do what there. The test itself asks under the same name, so
 * it opens everything for its own questions.
 */
let allowed: (question: Question) => boolean = () => true;

const atEnd = endAfterAll();
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'on-cluster-test-'));
  atEnd(() => rm(folder, { recursive: true }));
  foreign = await startPlayground({ authorize: (question) => allowed(question) });
  atEnd(() => foreign.close());
  admin = await connectCluster({ kubeconfigs: [foreign.kubeconfig] }, { fieldManager: 'test' });
  atEnd(() => admin.close());
});

const run = (id: ScenarioId) => ({ scenario: findScenario(id), weather: 'calm' as const });

function place(id: ScenarioId, options: { image?: string; gateway?: string; namespace?: string } = {}) {
  const { image, gateway, namespace } = options;
  const choice = { kubeconfigs: [foreign.kubeconfig], ...(namespace === undefined ? {} : { namespace }) };
  const { signal } = new AbortController();
  return environmentOnCluster(choice, { runs: [run(id)], image, gateway, signal, say: () => undefined });
}

/** A short release: what is at stake here is the place. */
const settings = { ...quickDefaults, qps: 50, connections: 5, loadMs: 1_000, warmUpMs: 300, tailMs: 300 };

async function release(id: ScenarioId, options: Parameters<typeof place>[1] = {}) {
  const { startPlayground: open } = await place(id, options);
  const nothing = (): void => undefined;
  return runScenario({
    run: run(id),
    settings,
    startPlayground: open,
    signal: new AbortController().signal,
    watcher: { onStep: nothing, onProgress: nothing, onPlayground: nothing },
  });
}

const namespaces = async (): Promise<string[]> =>
  (await admin.list(resources.namespaces, { labelSelector: demoSelector })).map(
    ({ metadata }) => metadata.name,
  );

function permits(rights: Right[]) {
  return ({ verb, group = '', resource, subresource = '' }: Question): boolean =>
    resource === undefined ||
    resource === 'selfsubjectaccessreviews' ||
    rights.some(
      (right) =>
        right.resource === resource &&
        (right.group ?? '') === group &&
        (right.subresource ?? '') === subresource &&
        right.verbs.includes(verb),
    );
}

// Whole releases and a process: seconds on a quiet machine, more on a busy one.
const patienceMs = 120_000;

describe('the demo on a cluster that somebody else runs', () => {
  it('refuses a gateway without an address, and says how to give it one', async () => {
    await expect(place('istio-switch')).rejects.toThrow(
      /ingress gateway of playground has no address .* port-forward .* --gateway .* Nothing was changed/,
    );
    await expect(place('plain-correct')).resolves.toBeDefined();
  });

  it('refuses when a right is missing, and names it', async () => {
    allowed = ({ verb, resource }) => !(verb === 'delete' && resource === 'deployments');
    try {
      await expect(place('plain-naive')).rejects.toThrow(
        'Not allowed: delete deployments.apps in coffee-shop-demo-',
      );
    } finally {
      allowed = () => true;
    }
  });

  it('refuses a namespace that is there already', async () => {
    await expect(place('plain-naive', { namespace: 'default' })).rejects.toThrow(
      'There is a namespace default already',
    );
  });

  it(
    'ends at once when the nodes cannot get the image, and takes its namespace back',
    async () => {
      await expect(release('plain-naive', { image: 'nowhere.example/none:1' })).rejects.toThrow(
        /cannot get the image nowhere\.example\/none:1 .*ImagePullBackOff.*--image/,
      );
      expect(await namespaces()).toEqual([]);
    },
    patienceMs,
  );

  it(
    'releases in a namespace of its own with the rights it names and no more',
    async () => {
      // As kind has it: the gateway's Service has node ports.
      await admin.patch(
        resources.services,
        'istio-ingressgateway',
        { spec: { type: 'NodePort' } },
        { namespace: 'istio-system' },
      );
      allowed = permits([...rightsFor({ mesh: true, plain: false, findGateway: true }), ...neededRights]);
      try {
        const { error, verdict, account } = await release('istio-switch');
        expect({ error, verdict, lost: account?.lost }).toEqual({
          error: undefined,
          verdict: 'kept',
          lost: 0,
        });
        expect(Object.keys(account?.byVersion ?? {}).sort()).toEqual(['v1', 'v2']);
      } finally {
        allowed = () => true;
      }
      expect(await namespaces()).toEqual([]);
    },
    patienceMs,
  );

  it(
    'takes its namespace back after Ctrl-C',
    async () => {
      const args = ['--kubeconfig', foreign.kubeconfig, '--scenario=plain-correct', '--out', folder];
      const demo = startDemo(args, folder);
      await waitFor(async () => (await namespaces()).length === 1, {
        deadlineMs: 60_000,
        what: 'the namespace of the demo',
        lastSeen: demo.said,
      });
      expect(await demo.interrupt()).toEqual([130, null]);
      expect(demo.said()).not.toContain('Left behind');
      expect(await namespaces()).toEqual([]);
    },
    patienceMs,
  );
});
