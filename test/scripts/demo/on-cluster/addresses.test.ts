import { describe, expect, it } from '@jest/globals';
import { addressesOf, type EntryService } from '../../../../scripts/demo/on-cluster/addresses.ts';

const nodes = [
  {
    metadata: { name: 'a' },
    status: {
      addresses: [
        { type: 'InternalIP', address: '172.18.0.2' },
        { type: 'Hostname', address: 'a' },
      ],
    },
  },
  {
    metadata: { name: 'b' },
    status: {
      addresses: [
        { type: 'InternalIP', address: '172.18.0.3' },
        { type: 'ExternalIP', address: '203.0.113.9' },
      ],
    },
  },
];
const service = (
  nodePort: number | undefined,
  ingress: { ip?: string; hostname?: string }[],
): EntryService => ({
  metadata: { name: 'istio-ingressgateway' },
  spec: {
    ports: [
      { port: 15021, nodePort: 30000 },
      { port: 80, ...(nodePort ? { nodePort } : {}) },
    ],
  },
  status: { loadBalancer: { ingress } },
});

describe('where a gateway can be reached', () => {
  it('is its load balancer first, then the node port of every node', () => {
    expect(
      addressesOf(service(31380, [{ ip: '198.51.100.7' }, { hostname: 'lb.example' }]), 80, nodes),
    ).toEqual([
      'http://198.51.100.7',
      'http://lb.example',
      'http://203.0.113.9:31380',
      'http://172.18.0.2:31380',
      'http://172.18.0.3:31380',
    ]);
  });

  it('may be nowhere', () => {
    expect(addressesOf(service(undefined, []), 80, nodes)).toEqual([]);
    expect(addressesOf(service(31380, []), 80, [])).toEqual([]);
  });

  it('may be an IPv6 address', () => {
    expect(addressesOf(service(undefined, [{ ip: 'fd00::7' }]), 80, [])).toEqual(['http://[fd00::7]']);
  });
});
