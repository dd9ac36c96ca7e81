import { describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../../../scripts/shared/kubernetes.ts';
import { adoptionChecks } from '../../../../scripts/switch/adopt/checks.ts';
import { readFacts } from '../../../../scripts/switch/preflight/check.ts';
import { messageOf } from '../../../../scripts/shared/errors.ts';
import { deployment, plainDeployment, type Scene } from '../steps/standing.ts';
import { adopting } from './plain-scene.ts';

/** What the checks say that need no server, in their order. */
async function refusalOf(scene: Scene, title: RegExp): Promise<string | undefined> {
  const { context } = await adopting(scene);
  const facts = { ...(await readFacts(context)), proxies: [] };
  const [check, ...others] = adoptionChecks.filter((one) => title.test(one.title));
  if (check === undefined || others.length > 0) throw new Error(`no single check is titled ${title}`);
  try {
    await check.run(facts);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const http = { port: 80, name: 'http-web' };
const elsewhere: Deployment = {
  ...deployment('v1'),
  spec: {
    ...deployment('v1').spec,
    template: { metadata: { labels: { app: 'tea' } }, spec: { containers: [] } },
  },
};

describe('before an adoption', () => {
  it.each<[string, Scene, RegExp, RegExp]>([
    [
      'a Service that selects one version alone',
      { service: { selector: { app: 'coffee-shop', version: 'v1' } }, deployments: [deployment('v1')] },
      /any version/,
      /selects version=v1, and no other version would get a request: take that out/,
    ],
    [
      'a port of another protocol',
      { service: { ports: [http, { port: 6379, name: 'redis' }] } },
      /http/,
      /^port redis/,
    ],
    ['a port over UDP', { service: { ports: [http, { port: 53, protocol: 'UDP' }] } }, /http/, /^port 53 of/],
    [
      'a paused Deployment',
      { deployments: [plainDeployment(2, { paused: true })] },
      /rolled out/,
      /rollout resume/,
    ],
    [
      'a rollout under way',
      {
        deployments: [
          { ...plainDeployment(), status: { observedGeneration: 1, replicas: 3, updatedReplicas: 1 } },
        ],
      },
      /rolled out/,
      /is not rolled out \(2\/2 pods ready\): what is copied must be what serves/,
    ],
    [
      'another Deployment of the copy’s name',
      { deployments: [plainDeployment(), elsewhere] },
      /name of the copy/,
      /Deployment coffee-shop-v1 is there already, .*written over it/,
    ],
  ])('is refused: %s', async (_what, scene, title, why) => {
    const refused = await refusalOf(scene, title);
    expect(refused).toMatch(why);
    expect(refused).toMatch(/Nothing was changed\.$/);
  });

  it.each([
    [/any version/, {}],
    [/http/, { service: { ports: [http, { port: 81 }, { port: 82, name: 'grpc' }] } }],
    [/rolled out/, {}],
    [/name of the copy/, {}],
  ])('is not refused otherwise: %s', async (title, scene) => {
    expect(await refusalOf(scene, title)).toBeUndefined();
  });
});
