import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { decodeProtobuf } from '../../../apiserver/negotiation/protobuf.ts';
import { StatusError } from '../../../apiserver/status-error.ts';

/** Bodies as kubectl 1.36.4 wrote them. */
const file = new URL('../../fixtures/kubernetes/kubectl-protobuf-writes.json', import.meta.url);
const { writes } = JSON.parse(readFileSync(file, 'utf8')) as { writes: { bodyBase64: string }[] };
const bodyOf = (index: number) => Buffer.from(writes[index]?.bodyBase64 ?? '', 'base64');

const core = (kind: string) => ({ group: '', version: 'v1', kind, custom: false });

describe('a protobuf body', () => {
  it.each([
    ['Namespace', 0, core('Namespace'), { metadata: { name: 'kx2' }, spec: {}, status: {} }],
    ['ConfigMap', 2, core('ConfigMap'), { metadata: { name: 'c1', namespace: 'kx2' }, data: { a: 'b' } }],
    [
      'Deployment',
      1,
      { group: 'apps', version: 'v1', kind: 'Deployment', custom: false },
      {
        metadata: { name: 'd1', labels: { app: 'd1' } },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: 'd1' } },
          template: {
            metadata: { labels: { app: 'd1' } },
            spec: { containers: [{ name: 'app', image: 'local.test/app:1', resources: {} }] },
          },
          strategy: {},
        },
      },
    ],
    [
      'SelfSubjectAccessReview',
      3,
      { group: 'authorization.k8s.io', version: 'v1', kind: 'SelfSubjectAccessReview', custom: false },
      {
        spec: {
          resourceAttributes: { namespace: 'kx2', verb: 'create', group: 'apps', resource: 'deployments' },
        },
      },
    ],
    [
      'HorizontalPodAutoscaler',
      4,
      { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler', custom: false },
      { spec: { scaleTargetRef: { kind: 'Deployment', name: 'd1', apiVersion: 'apps/v1' }, maxReplicas: 3 } },
    ],
  ])('of a %s says the same as JSON would', (kind, index, type, expected) => {
    const decoded = decodeProtobuf(bodyOf(index), type);
    expect(decoded).toMatchObject({ kind, ...expected });
  });

  it('leaves out zeros that mean nothing', () => {
    expect(decodeProtobuf(bodyOf(0), core('Namespace'))['metadata']).toEqual({ name: 'kx2' });
  });

  it('that is empty, cut short or something else is refused', () => {
    const refusal = (body: Buffer) => {
      try {
        decodeProtobuf(body, core('ConfigMap'));
      } catch (error) {
        if (error instanceof StatusError) return `${error.code} ${error.message}`;
        throw error;
      }
      return 'accepted';
    };
    expect(refusal(Buffer.from('k8s\0'))).toBe(
      '400 the object provided is unrecognized (must be of type ConfigMap): empty body (6b387300)',
    );
    expect(refusal(bodyOf(2).subarray(0, 40))).toBe('400 unexpected EOF');
    expect(refusal(Buffer.from('{"a":1}'))).toMatch(/^400 .* does not appear to be a protobuf message/);
  });
});
