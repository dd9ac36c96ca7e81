import { describe, expect, it } from '@jest/globals';
import { resources } from '../../../scripts/shared/resources.ts';
import { createObjectStore } from './object-store.ts';

const place = { resource: resources.deployments, namespace: 'shop', name: 'coffee-shop-v1' };
const object = { metadata: { name: place.name, namespace: place.namespace }, spec: { replicas: 1 } };

function store() {
  const created = createObjectStore();
  created.create(resources.deployments, object);
  return created;
}

describe('the simulated store of objects', () => {
  it('counts a generation for each change of the spec, and a resource version for each change', () => {
    const kept = store();
    const first = kept.get(place)?.metadata;
    kept.patch(place, { status: { replicas: 1 } });
    const second = kept.get(place)?.metadata;
    kept.patch(place, { spec: { replicas: 2 } });
    const third = kept.get(place)?.metadata;
    expect([first, second, third].map((metadata) => metadata?.generation)).toEqual([1, 1, 2]);
    const versions = [first, second, third].map((metadata) => metadata?.resourceVersion);
    expect(new Set(versions).size).toBe(3);
  });

  it('changes nothing by a write that says what is so already', () => {
    const kept = store();
    const before = kept.get(place);
    expect(kept.patch(place, { spec: { replicas: 1 } })).toBe(before);
  });

  it('refuses a write on an old revision with 409, and one on what is not there with 404', () => {
    const kept = store();
    const { resourceVersion } = kept.get(place)?.metadata ?? {};
    kept.patch(place, { spec: { replicas: 2 } });
    const late = () => kept.patch(place, { metadata: { resourceVersion }, spec: { replicas: 3 } });
    expect(late).toThrow(expect.objectContaining({ status: 409, reason: 'Conflict' }));
    const nowhere = () => kept.patch({ ...place, name: 'none' }, {});
    expect(nowhere).toThrow(expect.objectContaining({ status: 404, reason: 'NotFound' }));
  });

  it('deletes only the very object whose uid is told', () => {
    const kept = store();
    expect(() => kept.delete(place, 'another')).toThrow(expect.objectContaining({ status: 409 }));
    expect(kept.delete(place, kept.get(place)?.metadata.uid)).toBe(true);
    expect(kept.delete(place)).toBe(false);
  });

  it('gives out objects that nobody can change', () => {
    const kept = store();
    expect(() => Object.assign(kept.get(place)?.['spec'] as object, { replicas: 9 })).toThrow(TypeError);
  });
});
