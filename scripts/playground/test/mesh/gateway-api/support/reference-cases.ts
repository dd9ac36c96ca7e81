import {
  APP,
  grant,
  INFRA,
  listener,
  gateway,
  path,
  route,
  rule,
  sameNamespace,
  to,
  V1,
  V2,
  WEB,
  type Case,
} from './words.ts';

const webBackend = [to('web-backend', { namespace: WEB })];
const refused = (reason: string) => ['Accepted=True Accepted', `ResolvedRefs=False ${reason}`];
const notAccepted = (name: string, parent: object, reason = 'NoMatchingParent'): Case => ({
  name,
  objects: [sameNamespace, route('bad', [rule([], V1)], { parent: { name: 'same-namespace', ...parent } })],
  said: [{ route: 'bad', conditions: [`Accepted=False ${reason}`] }],
  exchanges: [[{}, 404]],
});

/** What routes may name, and what their status says of it. */
export const referenceCases: Case[] = [
  {
    name: 'HTTPRouteReferenceGrant',
    objects: [
      sameNamespace,
      grant(WEB, {}, { name: 'web-backend' }),
      route('granted', [rule([], webBackend)]),
    ],
    said: [{ route: 'granted', conditions: ['Accepted=True Accepted', 'ResolvedRefs=True ResolvedRefs'] }],
    exchanges: [[{}, 'web-backend']],
  },
  {
    name: 'HTTPRouteInvalidReferenceGrant',
    objects: [
      sameNamespace,
      grant(WEB, { namespace: 'not-the-namespace-you-are-looking-for' }, { name: 'web-backend' }, 'from'),
      grant(WEB, { kind: 'Gateway' }, { name: 'web-backend' }, 'kind'),
      grant(WEB, {}, { name: 'not-the-service-you-are-looking-for' }, 'service'),
      grant(WEB, {}, { kind: 'Secret', name: 'web-backend' }, 'secret'),
      grant(INFRA, {}, { name: 'web-backend' }, 'namespace'),
      route('ungranted', [rule([], webBackend)]),
    ],
    said: [{ route: 'ungranted', conditions: refused('RefNotPermitted') }],
    exchanges: [[{}, 500]],
  },
  {
    name: 'HTTPRoutePartiallyInvalidViaInvalidReferenceGrant',
    objects: [
      sameNamespace,
      grant(APP, {}, { name: 'app-backend-v1' }),
      route('partly', [
        rule([path('/v2')], [to('app-backend-v2', { namespace: APP })]),
        rule([], [to('app-backend-v1', { namespace: APP })]),
      ]),
    ],
    said: [{ route: 'partly', conditions: refused('RefNotPermitted') }],
    exchanges: [
      [{ path: '/v2' }, 500],
      [{ path: '/' }, 'app-backend-v1'],
    ],
  },
  {
    name: 'HTTPRouteInvalidCrossNamespaceBackendRef',
    objects: [sameNamespace, route('cross', [rule([], webBackend)])],
    said: [{ route: 'cross', conditions: refused('RefNotPermitted') }],
    exchanges: [[{}, 500]],
  },
  {
    name: 'HTTPRouteInvalidCrossNamespaceParentRef',
    objects: [
      sameNamespace,
      route('cross', [rule([], 'web-backend')], {
        namespace: WEB,
        parent: { name: 'same-namespace', namespace: INFRA },
      }),
    ],
    said: [{ route: 'cross', namespace: WEB, conditions: ['Accepted=False NotAllowedByListeners'] }],
    exchanges: [[{}, 404]],
  },
  {
    name: 'HTTPRouteInvalidBackendRefUnknownKind',
    objects: [
      sameNamespace,
      route('kind', [
        rule([], [{ group: 'unknownkind.example.com', kind: 'NonExistent', name: 'x', port: 8080 }]),
      ]),
    ],
    said: [{ route: 'kind', conditions: refused('InvalidKind') }],
    exchanges: [[{}, 500]],
  },
  {
    name: 'HTTPRouteInvalidNonExistentBackendRef',
    objects: [sameNamespace, route('nobody', [rule([], 'nonexistent')])],
    said: [{ route: 'nobody', conditions: refused('BackendNotFound') }],
    exchanges: [[{}, 500]],
  },
  notAccepted('HTTPRouteInvalidParentRefNotMatchingListenerPort', { port: 81 }),
  notAccepted('HTTPRouteInvalidParentRefNotMatchingSectionName', { sectionName: 'unknown' }),
  {
    name: 'HTTPRouteInvalidParentRefSectionNameNotMatchingPort',
    objects: [
      gateway('two', [listener('one'), listener('other', { hostname: 'other.example' })]),
      route('bad', [rule([], V2)], { parent: { name: 'two', sectionName: 'one', port: 443 } }),
    ],
    said: [{ route: 'bad', conditions: ['Accepted=False NoMatchingParent'] }],
    exchanges: [[{}, 404]],
  },
];
