import { describe, expect, it } from '@jest/globals';
import { createStore, type MemoryStore } from '../../../storage/store.ts';
import { StatusError } from '../../../apiserver/status-error.ts';
import type { KubeObject } from '../../../storage/types.ts';

/**
 * The exchanges of test/fixtures/kubernetes/requests/server-side-apply.json
 * (kube-apiserver v1.36.4), replayed in order.
 */

const DEPLOYMENTS = 'apps/v1/deployments';
const env = (entries: Record<string, string>) =>
  Object.entries(entries).map(([name, value]) => ({ name, value }));

function web(container: Record<string, unknown>, spec: Record<string, unknown> = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'app', image: 'local.test/app:1', ...container }] },
      },
      ...spec,
    },
  };
}

const full = {
  imagePullPolicy: 'Never',
  env: env({ A: '1', B: '2' }),
  ports: [{ containerPort: 8080, name: 'http' }],
};

function apply(
  store: MemoryStore,
  manager: string,
  config: ReturnType<typeof web>,
  force = false,
): KubeObject {
  return store.apply(DEPLOYMENTS, config, { fieldManager: manager, force }).object;
}

interface Entry {
  manager: string;
  operation: string;
  time?: string;
  subresource?: string;
  fieldsV1: Record<string, unknown>;
}

const entries = (object: KubeObject | undefined) => (object?.metadata.managedFields ?? []) as Entry[];
const managers = (object: KubeObject | undefined) => entries(object).map(({ manager }) => manager);
const containers = (object: KubeObject) =>
  (object.spec as { template: { spec: { containers: Record<string, unknown>[] } } }).template.spec.containers;

function statusOf(work: () => unknown): StatusError['status'] {
  try {
    work();
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error('expected a StatusError');
}

const appliedFields = {
  'f:spec': {
    'f:replicas': {},
    'f:selector': {},
    'f:template': {
      'f:metadata': { 'f:labels': { 'f:app': {} } },
      'f:spec': {
        'f:containers': {
          'k:{"name":"app"}': {
            '.': {},
            'f:env': {
              'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} },
              'k:{"name":"B"}': { '.': {}, 'f:name': {}, 'f:value': {} },
            },
            'f:image': {},
            'f:imagePullPolicy': {},
            'f:name': {},
            'f:ports': {
              'k:{"containerPort":8080,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:name': {} },
            },
          },
        },
      },
    },
  },
};

describe('server-side apply', () => {
  it('creates the object and records exactly the fields that were listed', () => {
    const store = createStore();
    const { object, created } = store.apply(DEPLOYMENTS, web(full, { replicas: 0 }), { fieldManager: 'one' });
    expect(created).toBe(true);
    expect(entries(object)).toMatchObject([
      { manager: 'one', operation: 'Apply', apiVersion: 'apps/v1', fieldsType: 'FieldsV1' },
    ]);
    expect(entries(object)[0]?.fieldsV1).toEqual(appliedFields);
  });

  it('keeps the resourceVersion when the same is applied again', () => {
    const store = createStore();
    const first = apply(store, 'one', web(full, { replicas: 0 }));
    const { object, created } = store.apply(DEPLOYMENTS, web(full, { replicas: 0 }), { fieldManager: 'one' });
    expect([object.metadata.resourceVersion, created]).toEqual([first.metadata.resourceVersion, false]);
  });

  it('lets two managers share fields on whose values they agree', () => {
    const store = createStore();
    apply(store, 'one', web(full, { replicas: 0 }));
    const shared = apply(store, 'two', web(full));
    expect(managers(shared)).toEqual(['two', 'one']);
    expect(entries(shared)[0]?.time).toBeUndefined();
    expect(shared.metadata.generation).toBe(1);
  });

  it('answers 409 with one cause for each field another manager owns', () => {
    const store = createStore();
    apply(store, 'one', web(full, { replicas: 0 }));
    const config = web({ image: 'local.test/app:2', env: env({ A: '9' }) });
    const image = '.spec.template.spec.containers[name="app"].image';
    const value = '.spec.template.spec.containers[name="app"].env[name="A"].value';
    expect(statusOf(() => apply(store, 'two', config))).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: `Apply failed with 2 conflicts: conflicts with "one":\n- ${image}\n- ${value}`,
      reason: 'Conflict',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: image },
          { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: value },
        ],
      },
      code: 409,
    });
  });

  it('takes the fields over when forced, and then the former owner conflicts', () => {
    const store = createStore();
    apply(store, 'one', web(full, { replicas: 0 }));
    const forced = apply(store, 'two', web({ image: 'local.test/app:2', env: env({ A: '9' }) }), true);
    expect(containers(forced)[0]).toMatchObject({
      image: 'local.test/app:2',
      env: [
        { name: 'A', value: '9' },
        { name: 'B', value: '2' },
      ],
    });
    const one = entries(forced).find(({ manager }) => manager === 'one')?.fieldsV1;
    expect(JSON.stringify(one)).not.toContain('f:image"');
    expect(statusOf(() => apply(store, 'one', web(full, { replicas: 0 }))).message).toContain(
      'Apply failed with 2 conflicts: conflicts with "two"',
    );
  });

  it('removes what its only owner stops listing, and lets defaults come back', () => {
    const store = createStore();
    apply(store, 'one', web(full, { replicas: 0 }));
    const without = apply(store, 'one', web({ imagePullPolicy: 'Never', env: env({ A: '1' }) }));
    expect(containers(without)[0]).toMatchObject({ env: [{ name: 'A', value: '1' }] });
    expect(containers(without)[0]).not.toHaveProperty('ports');
    expect(without.spec).toMatchObject({ replicas: 1 });
  });

  it('keeps what another manager still lists', () => {
    const store = createStore();
    apply(store, 'one', web(full));
    apply(store, 'two', web(full));
    const left = apply(store, 'one', web({}));
    expect(containers(left)[0]).toMatchObject({
      env: [{ name: 'A' }, { name: 'B' }],
      ports: [{ containerPort: 8080 }],
    });
  });

  it('names the version and subresource of a conflicting writer that did not apply', () => {
    const store = createStore();
    apply(store, 'one', web(full));
    store.mutate<KubeObject<{ replicas: number }>>(
      DEPLOYMENTS,
      'default',
      'web',
      (draft) => Object.assign(draft.spec ?? {}, { replicas: 3 }),
      { fieldManager: 'kubectl-edit' },
    );
    expect(statusOf(() => apply(store, 'one', web(full, { replicas: 2 }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas',
    );
  });

  it('refuses unknown fields and duplicate list keys the way the typed converter does', () => {
    const store = createStore();
    expect(statusOf(() => apply(store, 'one', web(full, { replcas: 3 })))).toMatchObject({
      code: 500,
      message:
        'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.replcas: field not declared in schema',
    });
    const twice = [...env({ A: '1' }), ...env({ A: '2' })];
    expect(statusOf(() => apply(store, 'one', web({ env: twice }))).message).toBe(
      'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="app"].env: duplicate entries for key [name="A"]',
    );
  });

  it('gives all there was to before-first-apply when the record was wiped', () => {
    const store = createStore();
    apply(store, 'one', web(full));
    store.mutate(DEPLOYMENTS, 'default', 'web', (draft) => (draft.metadata.managedFields = [{}]));
    expect(entries(store.get(DEPLOYMENTS, 'default', 'web'))).toEqual([]);
    expect(managers(apply(store, 'one', web(full), true))).toEqual(['one', 'before-first-apply']);
  });

  it('treats the routes of a VirtualService as one value', () => {
    const store = createStore();
    const to = (name: string) => ({ name, route: [{ destination: { host: 'shop' } }] });
    const route = (http: unknown[]) => ({
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'shop', namespace: 'default' },
      spec: { hosts: ['shop'], http },
    });
    const resource = 'networking.istio.io/v1/virtualservices';
    store.apply(resource, route([to('a')]), { fieldManager: 'one' });
    expect(
      statusOf(() => store.apply(resource, route([to('a'), to('b')]), { fieldManager: 'two' })).message,
    ).toBe('Apply failed with 1 conflict: conflict with "one": .spec.http');
  });

  it('merges Service ports by port and protocol, and has one owner for the selector', () => {
    const store = createStore();
    const service = (spec: Record<string, unknown>) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec,
    });
    store.apply(
      'v1/services',
      service({ selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] }),
      { fieldManager: 'one' },
    );
    expect(
      statusOf(() =>
        store.apply('v1/services', service({ selector: { version: 'v2' } }), { fieldManager: 'two' }),
      ).message,
    ).toBe('Apply failed with 1 conflict: conflict with "one": .spec.selector');
    const { object } = store.apply(
      'v1/services',
      service({ ports: [{ name: 'admin', port: 81, targetPort: 81 }] }),
      { fieldManager: 'three' },
    );
    expect(object.spec).toMatchObject({
      ports: [
        { name: 'http', port: 80 },
        { name: 'admin', port: 81 },
      ],
      selector: { app: 'web' },
    });
  });
});

describe('managedFields of plain writes', () => {
  it('record what a create set, defaults included, and no part the kind always has', () => {
    const stored = createStore().create(DEPLOYMENTS, web(full), { fieldManager: 'kubectl-create' });
    const [entry] = entries(stored);
    expect(entry).toMatchObject({ manager: 'kubectl-create', operation: 'Update' });
    expect(entry?.fieldsV1).toMatchObject({
      'f:spec': {
        'f:progressDeadlineSeconds': {},
        'f:strategy': {
          'f:rollingUpdate': { '.': {}, 'f:maxSurge': {}, 'f:maxUnavailable': {} },
          'f:type': {},
        },
        'f:template': {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:containers': { 'k:{"name":"app"}': { 'f:env': { '.': {} }, 'f:resources': {} } },
            'f:securityContext': {},
          },
        },
      },
    });
    expect(entry?.fieldsV1['f:spec']).not.toHaveProperty(['.']);
  });

  it('keep a status writer apart from the others', () => {
    const store = createStore();
    store.create(DEPLOYMENTS, web(full), { fieldManager: 'kubectl-create' });
    const stored = store.mutate(DEPLOYMENTS, 'default', 'web', (draft) => (draft.status = { replicas: 1 }), {
      subresource: 'status',
      fieldManager: 'kube-controller-manager',
    });
    expect(entries(stored).map(({ manager, subresource }) => [manager, subresource])).toEqual(
      expect.arrayContaining([
        ['kubectl-create', undefined],
        ['kube-controller-manager', 'status'],
      ]),
    );
  });

  it('move a field to whoever changed it last', () => {
    const store = createStore();
    store.create(
      'v1/configmaps',
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'c', namespace: 'default' },
        data: { a: '1', b: '1' },
      },
      { fieldManager: 'x' },
    );
    const stored = store.mutate(
      'v1/configmaps',
      'default',
      'c',
      (draft) => Object.assign(draft['data'] as object, { b: '2' }),
      { fieldManager: 'y' },
    );
    expect(Object.fromEntries(entries(stored).map(({ manager, fieldsV1 }) => [manager, fieldsV1]))).toEqual({
      x: { 'f:data': { '.': {}, 'f:a': {} } },
      y: { 'f:data': { 'f:b': {} } },
    });
  });
});
