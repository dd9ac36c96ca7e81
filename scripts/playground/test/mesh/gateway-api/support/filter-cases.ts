import {
  filter,
  pairs,
  path,
  redirect,
  route,
  rule,
  sameNamespace,
  to,
  V1,
  V2,
  V3,
  type Answer,
  type Case,
  type Exchange,
} from './words.ts';

const CHANGES = {
  set: pairs({ 'X-Header-Set': 'set-overwrites-values' }),
  add: pairs({ 'X-Header-Add': 'header-val-1', 'X-Header-Add-Append': 'header-val-2' }),
  remove: ['X-Header-Remove'],
};
const UNCHANGED = {
  'X-Header-Remove': 'remove-val',
  'X-Header-Add-Append': 'append-val-1',
  'X-Header-Set': 'set-val',
};
const CHANGED = {
  'x-header-add': 'header-val-1',
  'x-header-add-append': 'append-val-1,header-val-2',
  'x-header-set': 'set-overwrites-values',
  'x-header-remove': undefined,
};
const requestHeaders = (value: object) => filter('RequestHeaderModifier', value);
const responseHeaders = (value: object) => filter('ResponseHeaderModifier', value);
const rewrite = (value: object) => filter('URLRewrite', value);
const prefix = (replacePrefixMatch: string) => ({ path: { type: 'ReplacePrefixMatch', replacePrefixMatch } });
const full = (replaceFullPath: string) => ({ path: { type: 'ReplaceFullPath', replaceFullPath } });
const mirror = (name: string, more: object = {}) =>
  filter('RequestMirror', { backendRef: to(name), ...more });

/** Requests to paths of `example.org`, each with where it is sent instead. */
function redirects(name: string, list: [string, object, number, string, string?][]): Case {
  return {
    name,
    objects: [
      sameNamespace,
      route(
        'redirects',
        list.map(([where, value]) => rule([path(where)], undefined, redirect(value))),
      ),
    ],
    exchanges: list.map(([where, , status, location, asked = where]): Exchange => [
      { path: asked, host: 'example.org' },
      { status, headers: { location } },
    ]),
  };
}

const HERE = 'http://example.org';

/** What routes do to requests and answers on their way. */
export const filterCases: Case[] = [
  redirects('HTTPRouteRedirectHostAndStatus', [
    ['/hostname-redirect', { hostname: 'example.com' }, 302, 'http://example.com/hostname-redirect'],
    [
      '/host-and-status',
      { hostname: 'example.com', statusCode: 301 },
      301,
      'http://example.com/host-and-status',
    ],
  ]),
  redirects('HTTPRouteRedirectPath', [
    [
      '/original-prefix',
      prefix('/replacement-prefix'),
      302,
      `${HERE}/replacement-prefix/lemon`,
      '/original-prefix/lemon',
    ],
    ['/full', full('/full-path-replacement'), 302, `${HERE}/full-path-replacement`, '/full/path/original'],
    [
      '/path-and-host',
      { hostname: 'example.com', ...prefix('/replacement-prefix') },
      302,
      'http://example.com/replacement-prefix',
    ],
    [
      '/path-and-status',
      { statusCode: 301, ...prefix('/replacement-prefix') },
      301,
      `${HERE}/replacement-prefix`,
    ],
    [
      '/full-path-and-status',
      { statusCode: 301, ...full('/replacement-full') },
      301,
      `${HERE}/replacement-full`,
    ],
  ]),
  redirects('HTTPRouteRedirectPort', [
    ['/port', { port: 8083 }, 302, `${HERE}:8083/port`],
    ['/port-and-host', { port: 8083, hostname: 'example.com' }, 302, 'http://example.com:8083/port-and-host'],
    ['/port-and-status', { port: 8083, statusCode: 301 }, 301, `${HERE}:8083/port-and-status`],
  ]),
  redirects('HTTPRouteRedirectScheme', [
    ['/scheme', { scheme: 'https' }, 302, 'https://example.org/scheme'],
    [
      '/scheme-and-host',
      { scheme: 'https', hostname: 'example.com' },
      302,
      'https://example.com/scheme-and-host',
    ],
    [
      '/scheme-and-status',
      { scheme: 'https', statusCode: 301 },
      301,
      'https://example.org/scheme-and-status',
    ],
  ]),
  redirects('HTTPRouteRedirectPortAndScheme', [
    ['/scheme-nil-and-port-nil', { hostname: 'example.org' }, 302, `${HERE}/scheme-nil-and-port-nil`],
    ['/scheme-nil-and-port-80', { hostname: 'example.org', port: 80 }, 302, `${HERE}/scheme-nil-and-port-80`],
    [
      '/scheme-nil-and-port-8080',
      { hostname: 'example.org', port: 8080 },
      302,
      `${HERE}:8080/scheme-nil-and-port-8080`,
    ],
    [
      '/scheme-https-and-port-nil',
      { scheme: 'https', hostname: 'example.org' },
      302,
      'https://example.org/scheme-https-and-port-nil',
    ],
    [
      '/scheme-https-and-port-443',
      { scheme: 'https', port: 443 },
      302,
      'https://example.org/scheme-https-and-port-443',
    ],
    [
      '/scheme-https-and-port-8443',
      { scheme: 'https', port: 8443 },
      302,
      'https://example.org:8443/scheme-https-and-port-8443',
    ],
  ]),
  {
    name: 'HTTPRouteRewriteHost',
    objects: [
      sameNamespace,
      route(
        'rewrite-host',
        [
          rule([path('/one')], V1, { filters: [rewrite({ hostname: 'one.example.org' })] }),
          rule([], V2, { filters: [rewrite({ hostname: 'example.org' })] }),
          rule([path('/both')], V2, {
            filters: [rewrite({ hostname: 'test.example.org' }), requestHeaders(CHANGES)],
          }),
        ],
        { hostnames: ['rewrite.example'] },
      ),
    ],
    exchanges: (
      [
        [{ path: '/one' }, { backend: V1, host: 'one.example.org' }],
        [{ path: '/two' }, { backend: V2, host: 'example.org' }],
        [
          { path: '/both', headers: UNCHANGED },
          { backend: V2, host: 'test.example.org', sent: CHANGED },
        ],
      ] as [object, Answer][]
    ).map(([ask, answer]) => [{ ...ask, host: 'rewrite.example' }, answer]),
  },
  {
    name: 'HTTPRouteRewritePath',
    objects: [
      sameNamespace,
      route('rewrite-path', [
        rule([path('/prefix/one')], V1, { filters: [rewrite(prefix('/one'))] }),
        rule([path('/strip-prefix')], V1, { filters: [rewrite(prefix('/'))] }),
        rule([path('/full/one')], V1, { filters: [rewrite(full('/one'))] }),
        rule([path('/full/both')], V1, { filters: [rewrite(full('/test')), requestHeaders(CHANGES)] }),
        rule([path('/prefix/both')], V1, { filters: [rewrite(prefix('/prefix')), requestHeaders(CHANGES)] }),
      ]),
    ],
    exchanges: [
      [{ path: '/prefix/one/two' }, { backend: V1, path: '/one/two' }],
      [{ path: '/strip-prefix/three' }, { backend: V1, path: '/three' }],
      [{ path: '/strip-prefix' }, { backend: V1, path: '/' }],
      [{ path: '/full/one/two' }, { backend: V1, path: '/one' }],
      [
        { path: '/full/both/test', headers: UNCHANGED },
        { backend: V1, path: '/test', sent: CHANGED },
      ],
      [
        { path: '/prefix/both/one', headers: UNCHANGED },
        { backend: V1, path: '/prefix/one', sent: CHANGED },
      ],
    ],
  },
  {
    name: 'HTTPRouteRequestHeaderModifier',
    objects: [
      sameNamespace,
      route('request-headers', [
        rule([path('/set')], V1, { filters: [requestHeaders({ set: pairs({ 'X-Header-Set': 'new' }) })] }),
        rule([path('/add')], V1, { filters: [requestHeaders({ add: pairs({ 'X-Header-Add': 'more' }) })] }),
        rule([path('/remove')], V1, { filters: [requestHeaders({ remove: ['X-Header-Remove'] })] }),
        rule([path('/multiple')], V1, { filters: [requestHeaders(CHANGES)] }),
      ]),
    ],
    exchanges: [
      [{ path: '/set' }, { backend: V1, sent: { 'x-header-set': 'new' } }],
      [
        { path: '/set', headers: { 'x-header-set': 'old' } },
        { backend: V1, sent: { 'x-header-set': 'new' } },
      ],
      [{ path: '/add' }, { backend: V1, sent: { 'x-header-add': 'more' } }],
      [
        { path: '/add', headers: { 'X-Header-Add': 'old' } },
        { backend: V1, sent: { 'x-header-add': 'old,more' } },
      ],
      [
        { path: '/remove', headers: UNCHANGED },
        { backend: V1, sent: { 'x-header-remove': undefined } },
      ],
      [
        { path: '/multiple', headers: UNCHANGED },
        { backend: V1, sent: CHANGED },
      ],
    ],
  },
  {
    name: 'HTTPRouteBackendRequestHeaderModifier',
    objects: [
      sameNamespace,
      route('backend-headers', [
        rule([path('/multiple')], [to(V1, { filters: [requestHeaders(CHANGES)] })]),
        rule([path('/none')], V1),
      ]),
    ],
    exchanges: [
      [
        { path: '/multiple', headers: UNCHANGED },
        { backend: V1, sent: CHANGED },
      ],
      [
        { path: '/none', headers: UNCHANGED },
        { backend: V1, sent: { 'x-header-remove': 'remove-val' } },
      ],
    ],
  },
  {
    name: 'HTTPRouteRequestHeaderModifierBackendWeights',
    objects: [
      sameNamespace,
      route('weighted-headers', [
        rule(
          [],
          [V1, V2].map((name) =>
            to(name, { weight: 10, filters: [requestHeaders({ set: pairs({ Backend: name }) })] }),
          ),
        ),
      ]),
    ],
    shares: [{ path: '/', requests: 40, answers: { [V1]: 50, [V2]: 50 }, marked: 'backend' }],
  },
  {
    name: 'HTTPRouteResponseHeaderModifier',
    objects: [
      sameNamespace,
      route('answer-headers', [
        rule([path('/set')], V1, { filters: [responseHeaders({ set: pairs({ 'X-Header-Set': 'new' }) })] }),
        rule([path('/add')], V1, { filters: [responseHeaders({ add: pairs({ 'X-Header-Add': 'more' }) })] }),
        rule([path('/remove')], V1, { filters: [responseHeaders({ remove: ['X-Header-Remove'] })] }),
        rule([path('/both')], V1, { filters: [responseHeaders(CHANGES), requestHeaders(CHANGES)] }),
      ]),
    ],
    exchanges: [
      [
        { path: '/set', answered: { 'x-header-set': 'old' } },
        { backend: V1, headers: { 'x-header-set': 'new' } },
      ],
      [{ path: '/add' }, { backend: V1, headers: { 'x-header-add': 'more' } }],
      [
        { path: '/add', answered: { 'x-header-add': 'old' } },
        { backend: V1, headers: { 'x-header-add': 'old, more' } },
      ],
      [
        { path: '/remove', answered: { 'x-header-remove': 'val' } },
        { backend: V1, headers: { 'x-header-remove': undefined } },
      ],
      [
        { path: '/both', headers: UNCHANGED, answered: { 'x-header-remove': 'val', 'x-header-set': 'old' } },
        {
          backend: V1,
          sent: CHANGED,
          headers: { 'x-header-remove': undefined, 'x-header-set': 'set-overwrites-values' },
        },
      ],
    ],
  },
  {
    name: 'HTTPRouteRequestMirror',
    objects: [
      sameNamespace,
      route('mirror', [
        rule([path('/mirror')], V1, { filters: [mirror(V2)] }),
        rule([path('/mirror-and-modify')], V1, { filters: [requestHeaders(CHANGES), mirror(V2)] }),
      ]),
    ],
    exchanges: [
      [{ path: '/mirror' }, { backend: V1, copies: [V2] }],
      [
        { path: '/mirror-and-modify', headers: UNCHANGED },
        { backend: V1, sent: CHANGED, copies: [V2] },
      ],
    ],
  },
  {
    name: 'HTTPRouteRequestMultipleMirrors',
    objects: [
      sameNamespace,
      route('mirrors', [rule([path('/mirrors')], V1, { filters: [mirror(V2), mirror(V3)] })]),
    ],
    exchanges: [[{ path: '/mirrors' }, { backend: V1, copies: [V2, V3] }]],
  },
  {
    name: 'HTTPRouteRequestPercentageMirror',
    objects: [
      sameNamespace,
      route('some', [
        rule([path('/percent')], V1, { filters: [mirror(V2, { percent: 20 })] }),
        rule([path('/fraction')], V1, {
          filters: [mirror(V2, { fraction: { numerator: 25, denominator: 50 } })],
        }),
        rule([path('/none')], V1, { filters: [mirror(V2, { percent: 0 })] }),
      ]),
    ],
    shares: [
      { path: '/percent', requests: 200, copies: { [V2]: 20 } },
      { path: '/fraction', requests: 200, copies: { [V2]: 50 } },
      { path: '/none', requests: 50, copies: { [V2]: 0 } },
    ],
  },
  {
    name: 'HTTPRouteWeight',
    objects: [
      sameNamespace,
      route('weights', [rule([], [to(V1, { weight: 70 }), to(V2, { weight: 30 }), to(V3, { weight: 0 })])]),
    ],
    shares: [{ path: '/', requests: 300, answers: { [V1]: 70, [V2]: 30, [V3]: 0 } }],
  },
  {
    name: 'HTTPRouteTimeoutRequest',
    objects: [
      sameNamespace,
      route('timeouts', [
        rule([path('/limited')], V1, { timeouts: { request: '500ms' } }),
        rule([path('/unlimited')], V1, { timeouts: { request: '0s' } }),
      ]),
    ],
    exchanges: [
      [{ path: '/limited' }, V1],
      [{ path: '/limited?delayMs=1000' }, 504],
      [{ path: '/unlimited?delayMs=1000' }, V1],
    ],
  },
  {
    name: 'HTTPRouteTimeoutBackendRequest',
    objects: [
      sameNamespace,
      route('timeouts', [
        rule([path('/limited')], V1, { timeouts: { backendRequest: '500ms' } }),
        rule([path('/unlimited')], V1, { timeouts: { backendRequest: '0s' } }),
      ]),
    ],
    exchanges: [
      [{ path: '/limited' }, V1],
      [{ path: '/limited?delayMs=1000' }, 504],
      [{ path: '/unlimited?delayMs=1000' }, V1],
    ],
  },
];
