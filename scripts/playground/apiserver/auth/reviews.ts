import { isObject, type JsonObject } from '../../storage/json.ts';
import { badRequest, invalid, invalidValue, notFound } from '../status-error.ts';
import { timestamp } from '../../storage/clock.ts';
import type { Answer } from '../answer.ts';
import { decodeObject } from '../negotiation/body.ts';
import type { AccessAttributes, ApiContext } from '../context.ts';
import { rulesFor } from './rbac.ts';
import type { TypedTarget } from '../verbs/read.ts';
import type { ApiRequest, User } from '../request.ts';

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function attributesOf(spec: JsonObject, user: User): AccessAttributes {
  const resource = spec['resourceAttributes'];
  if (isObject(resource)) {
    const fields = ['group', 'version', 'resource', 'subresource', 'namespace', 'name'] as const;
    return {
      user,
      verb: text(resource['verb']) ?? '',
      ...Object.fromEntries(
        fields.flatMap((field) =>
          text(resource[field]) === undefined ? [] : [[field, text(resource[field])]],
        ),
      ),
    };
  }
  const path = spec['nonResourceAttributes'];
  if (!isObject(path)) {
    throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', [
      invalidValue(
        'spec.resourceAttributes',
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ]);
  }
  return { user, verb: text(path['verb']) ?? '', path: text(path['path']) ?? '' };
}

/** "May I?": SelfSubjectAccessReview and its kin, and SelfSubjectReview ("who am I?"). Nothing is stored. */
export function serveReview(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { type } = target;
  const review = decodeObject(body, request.headers['content-type'], type);
  const spec = isObject(review['spec']) ? review['spec'] : {};
  const answer = (status: JsonObject): Answer => ({
    code: 201,
    body: {
      kind: type.kind,
      apiVersion: `${type.group}/${type.version}`,
      metadata: review['metadata'] ?? {},
      spec,
      status,
    },
  });
  switch (type.kind) {
    case 'SelfSubjectReview':
      return {
        code: 201,
        body: {
          kind: type.kind,
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { creationTimestamp: timestamp() },
          status: { userInfo: userInfo(request.user) },
        },
      };
    case 'SelfSubjectRulesReview': {
      if (text(spec['namespace']) === undefined) throw badRequest('no namespace on request');
      const rules = rulesFor(context.store, request.user, text(spec['namespace']) ?? '');
      return answer({
        resourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs === undefined),
        nonResourceRules: rules.filter(({ nonResourceURLs }) => nonResourceURLs !== undefined),
        incomplete: false,
      });
    }
    case 'SubjectAccessReview':
    case 'LocalSubjectAccessReview': {
      const groups = Array.isArray(spec['groups'])
        ? spec['groups'].filter((group) => typeof group === 'string')
        : [];
      return answer(decision(context, attributesOf(spec, { name: text(spec['user']) ?? '', groups })));
    }
    case 'SelfSubjectAccessReview':
      return answer(decision(context, attributesOf(spec, request.user)));
    default:
      return answer({});
  }
}

const userInfo = ({ name, groups, uid, extra }: User): JsonObject => ({
  username: name,
  groups,
  ...(uid === undefined ? {} : { uid }),
  ...(extra === undefined ? {} : { extra }),
});

const decision = (context: ApiContext, attributes: AccessAttributes): JsonObject => ({
  allowed: context.authorize(attributes),
});

const DEFAULT_LIFETIME_SECONDS = 3600;

/** `serviceaccounts/NAME/token`: a bearer token for the account. */
export function issueServiceAccountToken(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  const { key, namespace = '', name = '', type } = target;
  const account = context.store.get(key, namespace, name);
  if (account === undefined) throw notFound(type, name);
  const wanted = decodeObject(body, request.headers['content-type'], {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'TokenRequest',
    custom: false,
  });
  const spec = isObject(wanted['spec']) ? wanted['spec'] : {};
  const seconds =
    typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : DEFAULT_LIFETIME_SECONDS;
  const user: User = {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
  return {
    code: 201,
    body: {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace, uid: account.metadata.uid, creationTimestamp: timestamp() },
      spec: {
        audiences: spec['audiences'] ?? ['https://kubernetes.default.svc'],
        expirationSeconds: seconds,
        boundObjectRef: spec['boundObjectRef'] ?? null,
      },
      status: {
        token: context.issueToken(user, seconds * 1000),
        expirationTimestamp: timestamp(Date.now() + seconds * 1000),
      },
    },
  };
}
