import { describe, expect, it } from '@jest/globals';
import { routingOf } from '../recorded.ts';

const HOST = 'coffee-shop.shop.svc.cluster.local';

describe('the version that a cluster of a proxy leads to', () => {
  const versionOf = (name: string) => routingOf(HOST).versionOfCluster(name);

  it('is its subset, whatever the port', () => {
    expect(versionOf(`outbound|8080|v1|${HOST}`)).toBe('v1');
    expect(versionOf(`outbound|9090|v2|${HOST}`)).toBe('v2');
  });

  it.each([
    ['leads to all versions', `outbound|8080||${HOST}`],
    ['is another service’s', 'outbound|8080|v1|tea-shop.shop.svc.cluster.local'],
    ['is for what comes in', 'inbound|8080||'],
    ['has a name that Istio did not give', 'xds-grpc'],
  ])('is none where the cluster %s', (_which, name) => {
    expect(versionOf(name)).toBeUndefined();
  });
});
