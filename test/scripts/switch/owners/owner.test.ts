import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject, ObjectMeta } from '../../../../scripts/shared/kubernetes.ts';
import { resources } from '../../../../scripts/shared/resources.ts';
import { lastWriter } from '../../../../scripts/switch/owners/managed-fields.ts';
import { ownersOf } from '../../../../scripts/switch/owners/owner.ts';

const entry = (manager: string, operation = 'Apply', field = 'http', more: object = {}) => ({
  manager,
  operation,
  time: '2026-12-01T01:00:00Z',
  fieldsV1: { 'f:spec': { [`f:${field}`]: {} } },
  ...more,
});

/** The owners of a VirtualService with this metadata. */
function owners(metadata: Omit<ObjectMeta, 'name'>) {
  const object: KubernetesObject = { metadata: { name: 'coffee-shop', namespace: 'shop', ...metadata } };
  return ownersOf(
    { resource: resources.virtualServices, object },
    { own: 'zero-downtime-switch', namespace: 'shop' },
  );
}
const tracking = (id: string) => ({ annotations: { 'argocd.argoproj.io/tracking-id': id } });
const own = 'networking.istio.io/VirtualService:shop/coffee-shop';
const helm = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'coffee' },
  annotations: { 'meta.helm.sh/release-name': 'coffee', 'meta.helm.sh/release-namespace': 'shop' },
};

describe('who owns an object', () => {
  it.each([
    ['nobody', {}, []],
    ["Argo CD's tracking id", tracking(`coffee:${own}`), [{ kind: 'Application', name: 'coffee' }]],
    [
      'the tracking id of an Application outside of its namespace',
      tracking(`team-a_coffee:${own}`),
      [{ kind: 'Application', name: 'coffee', namespace: 'team-a' }],
    ],
    [
      'a tracking id that came with a copy: Argo CD does not heed it',
      tracking('coffee:networking.istio.io/VirtualService:shop/tea-shop'),
      [],
    ],
    ['a label that charts set too', { labels: { 'app.kubernetes.io/instance': 'coffee' } }, []],
    [
      'that label where Argo CD has written, client-side too',
      {
        labels: { 'app.kubernetes.io/instance': 'coffee' },
        managedFields: [entry('argocd-controller', 'Update')],
      },
      [{ kind: 'Application', name: 'coffee' }],
    ],
    [
      'Argo CD with a label of its own choice',
      { managedFields: [entry('argocd-controller', 'Update')] },
      [{ kind: 'controller', name: 'argocd-controller' }],
    ],
    [
      "Flux's Kustomization, once",
      {
        labels: {
          'kustomize.toolkit.fluxcd.io/name': 'apps',
          'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
        },
        managedFields: [entry('kustomize-controller')],
      },
      [{ kind: 'Kustomization', name: 'apps', namespace: 'flux-system' }],
    ],
    [
      "half of Flux's marks: it always sets both",
      { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } },
      [],
    ],
    [
      "Flux's HelmRelease, whose release Helm carries out",
      {
        ...helm,
        labels: {
          ...helm.labels,
          'helm.toolkit.fluxcd.io/name': 'coffee',
          'helm.toolkit.fluxcd.io/namespace': 'shop',
        },
        managedFields: [entry('helm-controller'), entry('helm')],
      },
      [{ kind: 'HelmRelease', name: 'coffee', namespace: 'shop' }],
    ],
    [
      'Helm',
      { ...helm, managedFields: [entry('helm')] },
      [{ kind: 'Helm release', name: 'coffee', namespace: 'shop' }],
    ],
    [
      'files that are applied by hand, and the switch itself',
      {
        managedFields: [
          entry('kubectl'),
          entry('kubectl-client-side-apply', 'Update'),
          entry('render'),
          entry('zero-downtime-switch'),
        ],
      },
      [],
    ],
    [
      'a pipeline with a field manager of its own',
      { managedFields: [entry('deploy-bot')] },
      [{ kind: 'pipeline', name: 'deploy-bot' }],
    ],
    [
      'programs that are named like what reconciles',
      { managedFields: [entry('kluctl-controller'), entry('fleet-agent'), entry('configsync')] },
      [
        { kind: 'controller', name: 'kluctl-controller' },
        { kind: 'controller', name: 'fleet-agent' },
        { kind: 'controller', name: 'configsync' },
      ],
    ],
    [
      'who only updates, or owns nothing of the spec',
      {
        managedFields: [
          entry('istio-operator', 'Update'),
          { manager: 'labels-controller', operation: 'Apply', fieldsV1: { 'f:metadata': {} } },
        ],
      },
      [],
    ],
  ])('%s', (_what, metadata, expected) => {
    expect(owners(metadata)).toEqual(expected);
  });
});

describe('who wrote a field last', () => {
  const object = (managedFields: object[]): KubernetesObject => ({
    metadata: { name: 'coffee-shop', managedFields },
  });
  const later = { time: '2026-12-01T02:00:00Z' };

  it('is the latest of those that own it, and not the switch', () => {
    const seen = object([
      entry('kubectl', 'Update', 'hosts', { time: '2026-12-01T03:00:00Z' }),
      entry('a'),
      entry('b', 'Apply', 'http', later),
      entry('switch', 'Update', 'http', { time: '2026-12-01T04:00:00Z' }),
    ]);
    expect(lastWriter(seen, ['http'], 'switch')).toMatchObject({ manager: 'b', ...later });
  });

  it('is the latest of all where the field was taken away, and nobody where nobody is known', () => {
    const seen = object([entry('a', 'Update', 'hosts', later), entry('b', 'Update', 'gateways')]);
    expect(lastWriter(seen, ['http'], 'switch')).toMatchObject({ manager: 'a' });
    const status = { ...entry('controller', 'Update'), subresource: 'status' };
    expect(lastWriter(object([entry('switch'), status]), ['http'], 'switch')).toBeUndefined();
    expect(lastWriter({ metadata: { name: 'coffee-shop' } }, ['http'], 'switch')).toBeUndefined();
  });
});
