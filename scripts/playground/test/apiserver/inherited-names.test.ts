import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../apiserver/index.ts';
import { createStore } from '../../storage/store.ts';
import { ask, type Ask } from './http-client.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer({ store: createStore({ firstRevision: 1000 }), clusterObjects: false });
});
afterAll(() => server.close());

const path = '/api/v1/namespaces/default/configmaps';
const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
const data = (value: string): string => `{${names.map((name) => `"${name}": "${value}"`).join(', ')}}`;
const written = (name: string, value: string): string =>
  `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${name}", "labels": {"constructor": "${value}"}}, "data": ${data(value)}}`;
/** As text: a parser's object would hide what is asked for here. */
const held = async (name: string): Promise<[string, string][]> => {
  const { text } = await ask(server, 'GET', `${path}/${name}`);
  const object = JSON.parse(text) as { data?: Record<string, string>; metadata: { labels?: object } };
  expect(Object.keys(object.metadata.labels ?? {})).toEqual(['constructor']);
  return Object.entries(object.data ?? {}).sort();
};
const all = (value: string): [string, string][] =>
  names.map((name): [string, string] => [name, value]).sort();
const send = async (method: string, where: string, options: Ask): Promise<void> => {
  const { code, text } = await ask(server, method, where, options);
  expect([code < 300, text]).toEqual([true, text]);
};

describe('a key that every object knows already', () => {
  const merge = { contentType: 'application/merge-patch+json' };
  const strategic = { contentType: 'application/strategic-merge-patch+json' };
  const patch = { contentType: 'application/json-patch+json' };
  const apply = { contentType: 'application/apply-patch+yaml' };
  const operations = (op: string): string =>
    JSON.stringify(names.map((name) => ({ op, path: `/data/${name}`, value: 'two' })));

  it.each<[string, string, Ask, string?]>([
    ['PUT', 'PUT', { body: written('by-put', 'two') }],
    ['a merge patch', 'PATCH', { ...merge, body: `{"data": ${data('two')}}` }],
    ['a strategic merge patch', 'PATCH', { ...strategic, body: `{"data": ${data('two')}}` }],
    ['a JSON patch that adds', 'PATCH', { ...patch, body: operations('add') }],
    ['a JSON patch that replaces', 'PATCH', { ...patch, body: operations('replace') }],
  ])('is kept in a ConfigMap and changed by %s', async (how, method, options) => {
    const name = `by-${how.toLowerCase().replace(/[^a-z]+/g, '-')}`;
    await send('POST', path, { body: written(name, 'one') });
    expect(await held(name)).toEqual(all('one'));
    await send(method, `${path}/${name}`, options);
    expect(await held(name)).toEqual(all('two'));
    const gone = JSON.stringify({ data: Object.fromEntries(names.slice(1).map((key) => [key, null])) });
    await send('PATCH', `${path}/${name}`, { ...merge, body: gone });
    expect(await held(name)).toEqual([['__proto__', 'two']]);
  });

  it('is owned, changed and given up by server-side apply', async () => {
    const where = `${path}/applied?fieldManager=one`;
    await send('PATCH', where, { ...apply, body: written('applied', 'one') });
    expect(await held('applied')).toEqual(all('one'));
    const other = await ask(server, 'PATCH', `${path}/applied?fieldManager=other`, {
      ...apply,
      body: written('applied', 'two'),
    });
    expect(other.code).toBe(409);
    for (const name of names) expect(other.text).toContain(`.data.${name}`);
    await send('PATCH', where, { ...apply, body: written('applied', 'three') });
    expect(await held('applied')).toEqual(all('three'));
    await send('PATCH', where, { ...apply, body: written('applied', 'x').replace(data('x'), '{}') });
    expect(await held('applied')).toEqual([]);
  });

  it('is an unknown field like any other where it is none', async () => {
    const pod =
      '{"metadata": {"name": "p"}, "spec": {"__proto__": {"x": 1}, "constructor": 1, "containers": [{"name": "a", "image": "shop:1"}]}}';
    const { code, text } = await ask(
      server,
      'POST',
      '/api/v1/namespaces/default/pods?fieldValidation=Strict',
      { body: pod },
    );
    expect([code, text]).toEqual([400, expect.stringContaining('unknown field')]);
    for (const name of ['spec.__proto__', 'spec.constructor']) expect(text).toContain(name);
  });
});
