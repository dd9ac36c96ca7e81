import { describe, expect, it } from '@jest/globals';
import { copyDeployment } from '../../../../scripts/switch/adopt/copy-deployment.ts';
import { includesAll } from '../../../../scripts/shared/kubernetes.ts';
import type { Deployment } from '../../../../scripts/shared/kubernetes.ts';

const plain: Deployment = {
  metadata: {
    name: 'shop',
    uid: 'f00d',
    resourceVersion: '7',
    labels: { app: 'shop', team: 'tea', 'kustomize.toolkit.fluxcd.io/name': 'apps' },
    annotations: {
      'zero-downtime/smoke-test': '/coffee',
      'deployment.kubernetes.io/revision': '4',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
    },
  },
  spec: {
    replicas: 3,
    paused: true,
    strategy: { type: 'Recreate' },
    selector: { matchLabels: { app: 'shop' } },
    template: {
      metadata: { labels: { app: 'shop', team: 'tea' }, annotations: { 'prometheus.io/port': '9090' } },
      spec: { containers: [{ name: 'shop', image: 'shop:7', env: [{ name: 'VERSION', value: '7' }] }] },
    },
  },
  status: { replicas: 3 },
};
const copy = copyDeployment(plain, { app: 'shop', version: 'v1', replicas: 2 });

describe('the copy of a plain Deployment', () => {
  it('is the same but for its names, its size and its label, and is not paused', () => {
    expect(copy).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'shop-v1',
        labels: { app: 'shop', team: 'tea', version: 'v1' },
        annotations: { 'zero-downtime/smoke-test': '/coffee' },
      },
      spec: {
        replicas: 2,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: { app: 'shop', version: 'v1' } },
        template: {
          metadata: {
            labels: { app: 'shop', team: 'tea', version: 'v1' },
            annotations: { 'prometheus.io/port': '9090' },
          },
          spec: plain.spec.template.spec,
        },
      },
    });
  });

  it('does not select the plain pods, though the plain Deployment’s selector means those of the copy', () => {
    const labelsOf = ({ spec }: Deployment) => spec.template.metadata?.labels ?? {};
    const selectorOf = ({ spec }: Deployment) => spec.selector.matchLabels ?? {};
    expect(includesAll(labelsOf(plain), selectorOf(copy))).toBe(false);
    expect(includesAll(labelsOf(copy), selectorOf(plain))).toBe(true);
  });

  it('bears no mark of whoever keeps the original', () => {
    expect(JSON.stringify(copy)).not.toMatch(/fluxcd|last-applied|revision"/);
  });
});
