/**
 * What must be text stays the text it was given, whatever YAML would
 * make of it: for YAML 1.2, and for YAML 1.1 as kubectl reads it.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { renderSets } from '../../scripts/render/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['k8s', 'istio'] as const;

/** Scalars that are no text, in one YAML or the other. https://yaml.org/type/ */
const scalars = [
  ...['20261130', '0', '007', '0x10', '0o7', '0b1', '1_000', '-1', '+1', '190:20:30', '1:20'],
  ...['1e3', '1e+3', '1E3', '1.10', '.5', '6.02e23', '.inf', '-.INF', '.nan'],
  ...['null', 'Null', '~', 'true', 'False', 'yes', 'no', 'on', 'off', 'y', 'n', 'Y'],
  ...['2026-11-30', '2026-11-30T12:00:00Z', '=', '<<', '12345678901234567890'],
  ...['a: b', '# c', '- d', '"e"', "f'g", '{h}', '[i]', '&j', '*k', '!l', '%m', '@n', '`o', ' p '],
];

/** The places of text in a rendered object, each with what stands there. */
function textsOf(value: unknown, place: readonly string[] = []): { place: string; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => textsOf(item, [...place, String(index)]));
  if (typeof value === 'object' && value !== null && !(value instanceof Date))
    return Object.entries(value).flatMap(([key, item]) => textsOf(item, [...place, key]));
  const [parent = '', key = ''] = place.slice(-2);
  const isText =
    ['labels', 'annotations', 'matchLabels', 'selector', 'hosts', 'gateways'].includes(parent) ||
    ['name', 'image', 'host', 'subset'].includes(key) ||
    (key === 'value' && place.includes('env'));
  return isText ? [{ place: place.join('.'), value }] : [];
}

async function textIn(folder: (typeof folders)[number], vars: Record<string, string>) {
  const rendered = await renderSets(`${root}/${folder}/cluster.yaml`, { vars });
  return (['1.1', '1.2'] as const).flatMap((version) =>
    rendered.flatMap(({ set, text }) =>
      [...parseAllDocuments(text, { version })].flatMap((document) =>
        textsOf(document.toJS()).map((found) => ({ set, version, ...found })),
      ),
    ),
  );
}

/** Every value that is text, set to one scalar. */
const all = (scalar: string) => ({
  app: scalar,
  version: scalar,
  image: scalar,
  sidecarImage: scalar,
  subsets: scalar,
  live: scalar,
  marker: scalar,
  hosts: scalar,
  monitoringNamespace: scalar,
});

const plainIn = { k8s: textIn('k8s', all('plain')), istio: textIn('istio', all('plain')) };

async function verifyText(folder: (typeof folders)[number], scalar: string) {
  const found = await textIn(folder, all(scalar));
  expect(found.filter(({ value }) => typeof value !== 'string')).toEqual([]);
  const plain = await plainIn[folder];
  // At the same places, where the plain word stood alone or as part of a name.
  expect(found.map(({ value }) => value)).toEqual(
    plain.map(({ value }) => String(value).replaceAll('plain', () => scalar)),
  );
  expect(found.length).toBeGreaterThan(20);
}

describe.each(folders)('the templates of %s', (folder) => {
  it.each(scalars)('keep %p the text it is, wherever text belongs', async (scalar) => {
    await verifyText(folder, scalar);
  });

  it('keep the name of any version', async () => {
    const characters = fc.constantFrom(...Array.from('0123456789abcdefxyn-'));
    const version = fc
      .array(characters, { minLength: 1, maxLength: 12 })
      .map((list) => list.join(''))
      .filter((text) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text));
    await fc.assert(
      fc.asyncProperty(version, (text) => verifyText(folder, text)),
      { numRuns: 30 },
    );
  });

  it('take versions that a cluster file writes as numbers', async () => {
    const found = await textIn(folder, all('20261130'));
    expect(found.some(({ value }) => value === '20261130')).toBe(true);
  });
});
