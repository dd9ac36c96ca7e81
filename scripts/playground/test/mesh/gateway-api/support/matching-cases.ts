import {
  gateway,
  headers,
  listener,
  path,
  query,
  route,
  rule,
  sameNamespace,
  V1,
  V2,
  V3,
  WEB,
  type Case,
  type Exchange,
} from './words.ts';

const at = (where: string, backend: string | number, more: object = {}): Exchange => [
  { path: where, ...more },
  backend,
];

/** Which of a Gateway's routes takes a request. */
export const matchingCases: Case[] = [
  {
    name: 'HTTPRouteSimpleSameNamespace',
    objects: [sameNamespace, route('simple', [rule([], V1)])],
    said: [{ route: 'simple', conditions: ['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs'] }],
    exchanges: [at('/', V1)],
  },
  {
    name: 'HTTPRouteCrossNamespace',
    objects: [
      gateway('backend-namespaces', [
        listener(
          'http',
          {},
          { from: 'Selector', selector: { matchLabels: { 'gateway-conformance': 'backend' } } },
        ),
      ]),
      route('cross', [rule([], 'web-backend')], {
        namespace: WEB,
        parent: { name: 'backend-namespaces', namespace: 'gateway-conformance-infra' },
      }),
    ],
    said: [{ route: 'cross', namespace: WEB, conditions: ['Accepted=True Accepted'] }],
    exchanges: [at('/', 'web-backend')],
  },
  {
    name: 'HTTPRouteExactPathMatching',
    objects: [
      sameNamespace,
      route('exact', [rule([path('/one', {}, 'Exact')], V1), rule([path('/two', {}, 'Exact')], V2)]),
    ],
    exchanges: [at('/one', V1), at('/two', V2), at('/', 404), at('/one/example', 404), at('/two/', 404)],
  },
  {
    name: 'HTTPRouteMatching',
    objects: [
      sameNamespace,
      route('matching', [
        rule([path('/'), headers({ version: 'one' })], V1),
        rule([path('/v2'), headers({ version: 'two' })], V2),
      ]),
    ],
    exchanges: [
      ...['/', '/example', '/v2example', '/foo/v2/example'].map((where) => at(where, V1)),
      at('/', V1, { headers: { Version: 'one' } }),
      ...['/v2', '/v2/example', '/v2/'].map((where) => at(where, V2)),
      at('/', V2, { headers: { Version: 'two' } }),
    ],
  },
  {
    name: 'HTTPRouteMatchingAcrossRoutes',
    objects: [
      sameNamespace,
      route('part1', [rule([path('/'), headers({ version: 'one' })], V1)], {
        hostnames: ['example.com', 'example.net'],
      }),
      route('part2', [rule([path('/v2'), headers({ version: 'two' })], V2)], { hostnames: ['example.com'] }),
    ],
    exchanges: [
      at('/', V1, { host: 'example.com' }),
      at('/', V1, { host: 'example.net', headers: { version: 'one' } }),
      at('/v2', V2, { host: 'example.com' }),
      at('/v2/example', V2, { host: 'example.com' }),
      at('/v2', V1, { host: 'example.net' }),
      at('/', V2, { host: 'example.com', headers: { version: 'two' } }),
      at('/', V1, { host: 'example.net', headers: { version: 'two' } }),
      at('/', 404, { host: 'no-matching.host' }),
    ],
  },
  {
    name: 'HTTPRouteHeaderMatching',
    objects: [
      sameNamespace,
      route('headers', [
        rule([headers({ version: 'one' })], V1),
        rule([headers({ version: 'two' })], V2),
        rule([headers({ version: 'two', color: 'orange' })], V1),
        rule([headers({ color: 'blue' }), headers({ color: 'green' })], V1),
        rule([headers({ color: 'red' }), headers({ color: 'yellow' })], V2),
      ]),
    ],
    exchanges: [
      [{ headers: { Version: 'one' } }, V1],
      [{ headers: { Version: 'two' } }, V2],
      [{ headers: { Version: 'two', Color: 'orange' } }, V1],
      [{ headers: { Version: 'two', Color: 'blue' } }, V2],
      [{ headers: { Color: 'orange' } }, 404],
      [{ headers: { 'Some-Other-Header': 'one' } }, 404],
      [{ headers: { Color: 'blue' } }, V1],
      [{ headers: { Color: 'green' } }, V1],
      [{ headers: { Color: 'yellow' } }, V2],
      [{ headers: { Color: 'purple' } }, 404],
    ],
  },
  {
    name: 'HTTPRouteMethodMatching',
    objects: [
      sameNamespace,
      route('methods', [
        rule([{ method: 'POST' }], V1),
        rule([{ method: 'GET' }], V2),
        rule([path('/path1', { method: 'GET' })], V1),
        rule([headers({ version: 'one' }, { method: 'PUT' })], V2),
        rule([path('/path2', headers({ version: 'two' }, { method: 'POST' }))], V3),
        rule(
          [
            path('/path3', { method: 'PATCH' }),
            path('/path4', headers({ version: 'three' }, { method: 'DELETE' })),
          ],
          V1,
        ),
        rule([path('/path5')], V1),
        rule([{ method: 'PATCH' }], V2),
        rule([headers({ version: 'four' })], V3),
      ]),
    ],
    exchanges: [
      at('/', V1, { method: 'POST' }),
      at('/', V2),
      at('/', 404, { method: 'HEAD' }),
      at('/path1', V1),
      at('/', V2, { method: 'PUT', headers: { version: 'one' } }),
      at('/path2', V3, { method: 'POST', headers: { version: 'two' } }),
      at('/path3', V1, { method: 'PATCH' }),
      at('/path4', V1, { method: 'DELETE', headers: { version: 'three' } }),
      at('/', 404, { method: 'PUT' }),
      at('/path4', 404, { method: 'DELETE' }),
      at('/path5', V1, { method: 'PATCH' }),
      at('/', V2, { method: 'PATCH', headers: { version: 'four' } }),
    ],
  },
  {
    name: 'HTTPRouteQueryParamMatching',
    objects: [
      sameNamespace,
      route('query', [
        rule([query({ animal: 'whale' })], V1),
        rule([query({ animal: 'dolphin' })], V2),
        rule([query({ animal: 'dolphin', color: 'blue' }), query({ ANIMAL: 'Whale' })], V3),
        rule([path('/path1', query({ animal: 'whale' }))], V1),
        rule([headers({ version: 'one' }, query({ animal: 'whale' }))], V2),
        rule([path('/path2', headers({ version: 'two' }, query({ animal: 'whale' })))], V3),
        rule(
          [
            path('/path3', query({ animal: 'shark' })),
            path('/path4', headers({ version: 'three' }, query({ animal: 'kraken' }))),
          ],
          V1,
        ),
        rule([path('/path5')], V1),
        rule([query({ animal: 'hydra' })], V2),
        rule([headers({ version: 'four' })], V3),
      ]),
    ],
    exchanges: [
      at('/?animal=whale', V1),
      at('/?animal=dolphin', V2),
      at('/?animal=dolphin&color=blue', V3),
      at('/?ANIMAL=Whale', V3),
      at('/?animal=whale&otherparam=irrelevant', V1),
      at('/?animal=dolphin&color=yellow', V2),
      ...['/?color=blue', '/?animal=dog', '/?animal=whaledolphin', '/'].map((where) => at(where, 404)),
      at('/path1?animal=whale', V1),
      at('/?animal=whale', V2, { headers: { version: 'one' } }),
      at('/path2?animal=whale', V3, { headers: { version: 'two' } }),
      at('/path3?animal=shark', V1),
      at('/path4?animal=kraken', V1, { headers: { version: 'three' } }),
      at('/?animal=shark', 404),
      at('/path4?animal=kraken', 404),
      at('/path5?animal=hydra', V1),
      at('/?animal=hydra', V3, { headers: { version: 'four' } }),
    ],
  },
  {
    name: 'HTTPRoutePathMatchOrder',
    objects: [
      sameNamespace,
      route('order', [
        rule([path('/match', {}, 'Exact')], V1),
        rule([path('/match/exact', {}, 'Exact')], V2),
        rule([path('/match/exact/one', {}, 'Exact')], V3),
        rule([path('/match/')], V3),
        rule([path('/match/prefix/')], V1),
        rule([path('/match/prefix/one')], V2),
      ]),
    ],
    exchanges: [
      at('/match/exact/one', V3),
      at('/match/exact', V2),
      at('/match', V1),
      at('/match/prefix/one/any', V2),
      at('/match/prefix/any', V1),
      at('/match/any', V3),
    ],
  },
  {
    name: 'HTTPRouteNamedRule',
    objects: [
      sameNamespace,
      route('named', [rule([path('/named')], V1, { name: 'named-rule' }), rule([path('/unnamed')], V2)]),
    ],
    said: [{ route: 'named', conditions: ['Accepted=True Accepted'] }],
    exchanges: [at('/named', V1), at('/unnamed', V2)],
  },
  {
    name: 'HTTPRouteListenerHostnameMatching',
    objects: [
      gateway('hosts', [
        listener('listener-1', { hostname: 'bar.com' }),
        listener('listener-2', { hostname: 'foo.bar.com' }),
        listener('listener-3', { hostname: '*.bar.com' }),
        listener('listener-4', { hostname: '*.foo.com' }),
      ]),
      route('one', [rule([], V1)], { parent: { name: 'hosts', sectionName: 'listener-1' } }),
      route('two', [rule([], V2)], { parent: { name: 'hosts', sectionName: 'listener-2' } }),
      route('three', [rule([], V3)], {
        parents: [3, 4].map((number) => ({ name: 'hosts', sectionName: `listener-${number}` })),
      }),
    ],
    exchanges: [
      at('/', V1, { host: 'bar.com' }),
      at('/', V2, { host: 'foo.bar.com' }),
      ...['baz.bar.com', 'multiple.prefixes.bar.com', 'multiple.prefixes.foo.com'].map((host) =>
        at('/', V3, { host }),
      ),
      ...['foo.com', 'no.matching.host'].map((host) => at('/', 404, { host })),
    ],
  },
  {
    name: 'HTTPRouteHostnameIntersection',
    objects: [
      gateway('intersection', [
        listener('listener-1', { hostname: 'very.specific.com' }),
        listener('listener-2', { hostname: '*.wildcard.io' }),
        listener('listener-3', { hostname: '*.anotherwildcard.io' }),
      ]),
      ...(
        [
          ['s1', V1, ['non.matching.com', '*.nonmatchingwildcard.io', 'very.specific.com']],
          ['s2', V2, ['non.matching.com', 'wildcard.io', 'foo.wildcard.io', 'foo.bar.wildcard.io']],
          ['s3', V3, ['non.matching.com', '*.specific.com']],
          ['s4', V1, ['*.anotherwildcard.io']],
          ['s5', V2, ['specific.but.wrong.com', 'wildcard.io']],
        ] as const
      ).map(([name, backend, hostnames]) =>
        route(name, [rule([path(`/${name}`)], backend)], {
          hostnames: [...hostnames],
          parent: { name: 'intersection' },
        }),
      ),
    ],
    said: [
      { route: 's1', conditions: ['Accepted=True Accepted'] },
      { route: 's5', conditions: ['Accepted=False NoMatchingListenerHostname'] },
    ],
    exchanges: [
      at('/s1', V1, { host: 'very.specific.com' }),
      at('/s1', V1, { host: 'very.specific.com:1234' }),
      ...['non.matching.com', 'foo.nonmatchingwildcard.io', 'foo.wildcard.io'].map((host) =>
        at('/s1', 404, { host }),
      ),
      at('/non-matching-prefix', 404, { host: 'very.specific.com' }),
      ...['foo.wildcard.io', 'foo.bar.wildcard.io'].map((host) => at('/s2', V2, { host })),
      ...['non.matching.com', 'wildcard.io', 'very.specific.com'].map((host) => at('/s2', 404, { host })),
      at('/s3', V3, { host: 'very.specific.com' }),
      ...['non.matching.com', 'foo.specific.com', 'foo.wildcard.io'].map((host) => at('/s3', 404, { host })),
      ...['foo.anotherwildcard.io', 'foo.bar.anotherwildcard.io'].map((host) => at('/s4', V1, { host })),
      ...['anotherwildcard.io', 'foo.wildcard.io'].map((host) => at('/s4', 404, { host })),
      ...['specific.but.wrong.com', 'wildcard.io'].map((host) => at('/s5', 404, { host })),
    ],
  },
];
