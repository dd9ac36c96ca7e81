import assert from 'node:assert/strict';
import { NotOffered, type Chapter } from '../behaviour.ts';
import { watchLines, whyNoInitialEvents } from '../initial-events.ts';
import type { Kit } from '../kit.ts';
import { at, list, type Thing } from '../objects.ts';

const APPLY = 'application/apply-patch+yaml';

const apply = (k: Kit, manager: string, data: Record<string, string>, query: Record<string, string> = {}) =>
  k.ask('PATCH', `configmaps/${k.id}`, {
    contentType: APPLY,
    query: { fieldManager: manager, ...query },
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: k.id, labels: { behaviour: k.id } },
      data,
    },
  });

const data = (object: Thing | undefined): unknown => object?.['data'];

export const api: Chapter = {
  title: 'The API',
  behaviours: [
    {
      name: 'a PUT with a stale resourceVersion answers 409 and changes nothing',
      source: 'test/fixtures/kubernetes/requests/errors.json',
      run: async (k) => {
        const first = await k.create('configmaps', { data: { a: '1' } });
        await k.patch('configmaps', k.id, { data: { a: '2' } });
        const { status, body } = await k.ask('PUT', `configmaps/${k.id}`, {
          body: { ...first, data: { a: '3' } },
        });
        assert.equal(status, 409);
        assert.equal(at(body, 'reason'), 'Conflict');
        assert.equal(
          at(body, 'message'),
          `Operation cannot be fulfilled on configmaps "${k.id}": the object has been modified; please apply your changes to the latest version and try again`,
        );
        assert.deepEqual(data(await k.get('configmaps')), { a: '2' });
      },
    },
    {
      name: 'a write that changes nothing keeps the resourceVersion',
      source: 'test/fixtures/kubernetes/requests/errors.json',
      run: async (k) => {
        const first = await k.create('configmaps', { data: { a: '1' } });
        const same = await k.patch('configmaps', k.id, { data: { a: '1' } });
        assert.equal(same.metadata.resourceVersion, first.metadata.resourceVersion);
      },
    },
    {
      name: 'an apply over another manager’s field answers 409 with the conflict; force takes the field over',
      source: 'test/fixtures/kubernetes/requests/server-side-apply.json',
      run: async (k) => {
        assert.equal((await apply(k, 'one', { a: '1', b: '1' })).status, 201);
        const { status, body } = await apply(k, 'two', { a: '2' });
        assert.equal(status, 409);
        assert.equal(at(body, 'message'), 'Apply failed with 1 conflict: conflict with "one": .data.a');
        assert.deepEqual(at(body, 'details.causes'), [
          { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
        ]);
        assert.equal((await apply(k, 'two', { a: '2' }, { force: 'true' })).status, 200);
        assert.deepEqual(data(await k.get('configmaps')), { a: '2', b: '1' });
        await k.ask('DELETE', `configmaps/${k.id}`);
      },
    },
    {
      name: 'a field that its only manager stops applying is gone',
      source: 'test/fixtures/kubernetes/requests/server-side-apply.json',
      run: async (k) => {
        await apply(k, 'one', { a: '1', b: '1' });
        await apply(k, 'two', { b: '1', c: '1' });
        await apply(k, 'one', {});
        assert.deepEqual(data(await k.get('configmaps')), { b: '1', c: '1' });
        await k.ask('DELETE', `configmaps/${k.id}`);
      },
    },
    {
      name: 'a watch tells ADDED, MODIFIED and DELETED in order, from the resourceVersion it names',
      source: 'test/fixtures/kubernetes/requests/watch-protocol.json',
      run: async (k) => {
        const seen = await k.record('configmaps');
        await k.create('configmaps', { data: { a: '1' } });
        await k.patch('configmaps', k.id, { data: { a: '2' } });
        await k.delete('configmaps');
        await k.until('three events', () => seen.seen.length === 3);
        assert.deepEqual(
          seen.seen.map(({ type, object }) => [type, at(object, 'data.a')]),
          [
            ['ADDED', '1'],
            ['MODIFIED', '2'],
            ['DELETED', '2'],
          ],
        );
        const versions = seen.seen.map(({ object }) => Number(object.metadata.resourceVersion));
        assert.deepEqual(
          versions,
          [...versions].sort((a, b) => a - b),
        );
      },
    },
    {
      name: 'a watch with sendInitialEvents tells what is there, then a bookmark that says so',
      source: 'test/fixtures/kubernetes/requests/watch-protocol.json',
      run: async (k) => {
        await k.create('configmaps', {});
        const { text } = await k.ask('GET', 'configmaps', {
          query: {
            watch: 'true',
            sendInitialEvents: 'true',
            allowWatchBookmarks: 'true',
            resourceVersionMatch: 'NotOlderThan',
            labelSelector: `behaviour=${k.id}`,
            timeoutSeconds: '1',
          },
        });
        const events = watchLines(text);
        const why = whyNoInitialEvents(events);
        if (why !== undefined) throw new NotOffered(why);
        assert.deepEqual(
          events.map(({ type }) => type),
          ['ADDED', 'BOOKMARK'],
          text.slice(0, 600),
        );
        const bookmark = events[1]?.object;
        assert.equal(bookmark?.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
        assert.equal(bookmark.kind, 'ConfigMap');
      },
    },
    {
      name: 'a watch from too long ago answers 200 and one ERROR event: 410 Expired',
      source: 'test/fixtures/kubernetes/requests/watch-errors.json',
      run: async (k) => {
        const { status, text } = await k.ask('GET', 'configmaps', {
          query: { watch: 'true', resourceVersion: '1', timeoutSeconds: '3' },
        });
        assert.equal(status, 200);
        const event = JSON.parse(text.trim().split('\n')[0] ?? '') as { type: string; object: Thing };
        assert.equal(event.type, 'ERROR');
        assert.deepEqual([at(event.object, 'code'), at(event.object, 'reason')], [410, 'Expired']);
        assert.match(String(at(event.object, 'message')), /^too old resource version: 1 \(\d+\)$/);
      },
    },
    {
      name: 'a list comes in pages that belong to one moment',
      source: 'test/fixtures/kubernetes/requests/errors.json',
      run: async (k) => {
        for (const name of ['a', 'b', 'c'])
          await k.create('configmaps', { metadata: { name: `${k.id}-${name}` } });
        const labelSelector = `behaviour=${k.id}`;
        const page = async (more: Record<string, string>) =>
          (await k.ask('GET', 'configmaps', { query: { labelSelector, limit: '2', ...more } })).body;
        const first = await page({});
        const token = String(at(first, 'metadata.continue'));
        assert.equal(list(first, 'items').length, 2);
        await k.delete('configmaps', `${k.id}-c`);
        const second = await page({ continue: token });
        assert.deepEqual(
          list(second, 'items').map((one) => at(one, 'metadata.name')),
          [`${k.id}-c`],
        );
        assert.equal(at(second, 'metadata.resourceVersion'), at(first, 'metadata.resourceVersion'));
      },
    },
    {
      name: 'labels and fields select',
      source: 'test/fixtures/kubernetes/requests/errors.json',
      run: async (k) => {
        await k.create('configmaps', { metadata: { name: `${k.id}-a`, labels: { roast: 'dark' } } });
        await k.create('configmaps', { metadata: { name: `${k.id}-b`, labels: { roast: 'light' } } });
        const names = async (query: Record<string, string>) =>
          list((await k.ask('GET', 'configmaps', { query })).body, 'items').map((one) =>
            at(one, 'metadata.name'),
          );
        const mine = `behaviour=${k.id}`;
        assert.deepEqual(await names({ labelSelector: `${mine},roast in (dark)` }), [`${k.id}-a`]);
        assert.deepEqual(await names({ labelSelector: `${mine},roast!=dark` }), [`${k.id}-b`]);
        assert.deepEqual(await names({ fieldSelector: `metadata.name=${k.id}-b` }), [`${k.id}-b`]);
      },
    },
    {
      name: 'a dry run answers as if, and stores nothing',
      source: 'test/fixtures/kubernetes/requests/errors.json',
      run: async (k) => {
        const body = k.labelled('configmaps', { data: { a: '1' } });
        const answer = await k.ask('POST', 'configmaps', { body, query: { dryRun: 'All' } });
        assert.equal(answer.status, 201);
        assert.equal(typeof answer.body.metadata.uid, 'string');
        assert.equal(await k.find('configmaps'), undefined);
      },
    },
    {
      name: 'spec and status are written apart: a PUT of one leaves the other',
      source: 'kubernetes.io/docs/reference/using-api/api-concepts',
      run: async (k) => {
        await k.deployment({ replicas: 0 });
        const before = await k.get('deployments');
        const after = await k.patch('deployments', k.id, {
          status: { replicas: 9 },
          metadata: { labels: { x: 'y' } },
        });
        assert.notEqual(at(after, 'status.replicas'), 9);
        assert.equal(after.metadata.generation, before.metadata.generation);
      },
    },
    {
      name: 'a Deployment’s selector cannot be changed: 422 with the field',
      source: 'test/fixtures/kubernetes/requests/errors.json',
      run: async (k) => {
        await k.deployment({ replicas: 0 });
        const { status, body } = await k.ask('PATCH', `deployments/${k.id}`, {
          contentType: 'application/merge-patch+json',
          body: {
            spec: {
              selector: { matchLabels: { app: 'other' } },
              template: { metadata: { labels: { app: 'other' } } },
            },
          },
        });
        assert.equal(status, 422);
        assert.equal(at(body, 'details.causes.0.field'), 'spec.selector');
        assert.match(String(at(body, 'message')), /field is immutable$/);
      },
    },
    {
      name: 'an unknown field is refused in strict mode and warned of otherwise',
      source: 'test/fixtures/kubernetes/requests/errors.json',
      run: async (k) => {
        const body = k.labelled('configmaps', { dat: {} });
        const strict = await k.ask('POST', 'configmaps', { body, query: { fieldValidation: 'Strict' } });
        assert.equal(strict.status, 400);
        assert.match(String(at(strict.body, 'message')), /strict decoding error: unknown field "dat"$/);
        const lax = await k.ask('POST', 'configmaps', { body, query: { dryRun: 'All' } });
        assert.equal(lax.status, 201);
        assert.equal(lax.headers['warning'], '299 - "unknown field \\"dat\\""');
      },
    },
  ],
};

const owner = (thing: Thing, more: Record<string, unknown> = {}) => ({
  ownerReferences: [
    {
      apiVersion: thing.apiVersion ?? 'v1',
      kind: thing.kind ?? 'ConfigMap',
      name: thing.metadata.name,
      uid: thing.metadata.uid,
      ...more,
    },
  ],
});

async function family(k: Kit): Promise<string> {
  const parent = await k.create('configmaps', {});
  const child = `${k.id}-child`;
  await k.create('configmaps', {
    metadata: {
      name: child,
      ...owner({ ...parent, apiVersion: 'v1', kind: 'ConfigMap' }, { blockOwnerDeletion: true }),
    },
  });
  return child;
}

export const deletions: Chapter = {
  title: 'Deletion',
  behaviours: [
    {
      name: 'an object with a finalizer stays, marked, until the finalizer is taken away',
      source: 'kubernetes.io/docs/concepts/overview/working-with-objects/finalizers',
      run: async (k) => {
        await k.create('configmaps', { metadata: { finalizers: ['example.com/beans'] } });
        await k.delete('configmaps');
        const marked = await k.get('configmaps');
        assert.equal(typeof marked.metadata.deletionTimestamp, 'string');
        await k.patch('configmaps', k.id, { metadata: { finalizers: null } });
        assert.equal(await k.find('configmaps'), undefined);
      },
    },
    {
      name: 'Background: the owner goes at once, its dependents after it',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        const child = await family(k);
        await k.delete('configmaps', k.id, { propagationPolicy: 'Background' });
        assert.equal(await k.find('configmaps'), undefined);
        await k.gone('configmaps', child);
      },
    },
    {
      name: 'Foreground: the owner waits, marked, until its dependents are gone',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        const child = await family(k);
        await k.patch('configmaps', child, { metadata: { finalizers: ['example.com/beans'] } });
        await k.delete('configmaps', k.id, { propagationPolicy: 'Foreground' });
        const waiting = await k.get('configmaps');
        assert.deepEqual(waiting.metadata.finalizers, ['foregroundDeletion']);
        await k.untilObject('configmaps', child, 'is marked', ({ metadata }) => {
          return metadata.deletionTimestamp !== undefined;
        });
        await k.patch('configmaps', child, { metadata: { finalizers: null } });
        await k.gone('configmaps');
      },
    },
    {
      name: 'Orphan: the owner goes, its dependents stay without it',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        const child = await family(k);
        await k.delete('configmaps', k.id, { propagationPolicy: 'Orphan' });
        await k.gone('configmaps');
        assert.equal((await k.get('configmaps', child)).metadata.ownerReferences, undefined);
      },
    },
    {
      name: 'an object whose owner does not exist is collected',
      source: 'kubernetes.io/docs/concepts/architecture/garbage-collection',
      run: async (k) => {
        const nobody = { metadata: { name: 'nobody', uid: '00000000-0000-4000-8000-000000000000' } };
        await k.create('configmaps', { metadata: owner({ ...nobody, apiVersion: 'v1', kind: 'ConfigMap' }) });
        await k.gone('configmaps');
      },
    },
    {
      name: 'a Deployment takes its ReplicaSets and pods with it',
      source: 'recorded: Kubernetes 1.36.4',
      run: async (k) => {
        await k.deployment();
        await k.rolledOut(1);
        await k.delete('deployments', k.id);
        for (const plural of ['replicasets', 'pods']) {
          await k.until(`no ${plural}`, async () => (await k.list(plural)).length === 0);
        }
      },
    },
    {
      name: 'a namespace that ends refuses new objects with 403 and takes what is in it along',
      source: 'test/fixtures/kubernetes/requests/policy.json',
      run: async (k) => {
        const name = `${k.namespace}-${k.id}`;
        const labels = { 'zero-downtime-coffee-shop/conformance': k.namespace };
        const made = await k.ask('POST', '/api/v1/namespaces', { body: { metadata: { name, labels } } });
        assert.equal(made.status, 201);
        const inner = k.in(name);
        await inner.create('configmaps', { metadata: { finalizers: ['example.com/beans'] } });
        const answer = await k.ask('DELETE', `/api/v1/namespaces/${name}`);
        assert.equal(at(answer.body, 'status.phase'), 'Terminating');
        const late = await inner.ask('POST', 'configmaps', { body: { metadata: { name: 'late' } } });
        assert.equal(late.status, 403);
        assert.equal(
          at(late.body, 'message'),
          `configmaps "late" is forbidden: unable to create new content in namespace ${name} because it is being terminated`,
        );
        assert.equal(at(late.body, 'details.causes.0.reason'), 'NamespaceTerminating');
        await inner.untilObject('configmaps', k.id, 'is marked', ({ metadata }) => {
          return metadata.deletionTimestamp !== undefined;
        });
        await inner.patch('configmaps', k.id, { metadata: { finalizers: null } });
        await k.until('the namespace to be gone', async () => {
          return (await k.ask('GET', `/api/v1/namespaces/${name}`)).status === 404;
        });
      },
    },
  ],
};
