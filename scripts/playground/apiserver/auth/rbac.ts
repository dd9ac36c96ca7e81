import type { MemoryStore } from '../../storage/store.ts';
import type { KubeObject } from '../../storage/types.ts';
import type { AccessAttributes, Authorizer } from '../context.ts';
import type { User } from '../request.ts';

/** Role-based access control: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */

export interface Rule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

interface Role extends KubeObject {
  rules?: Rule[];
}

interface Binding extends KubeObject {
  subjects?: { kind: string; name: string; namespace?: string }[];
  roleRef: { kind: string; name: string };
}

const has = (list: string[] | undefined, value: string): boolean =>
  list?.some((one) => one === '*' || one === value) === true;

function pathMatches(patterns: string[] | undefined, path: string): boolean {
  return (
    patterns?.some(
      (one) => one === '*' || one === path || (one.endsWith('*') && path.startsWith(one.slice(0, -1))),
    ) === true
  );
}

function grants(
  rule: Rule,
  { verb, group = '', resource, subresource, name, path }: AccessAttributes,
): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (path !== undefined) return pathMatches(rule.nonResourceURLs, path);
  const what = subresource === undefined ? String(resource) : `${String(resource)}/${subresource}`;
  const isNamed =
    rule.resourceNames === undefined ||
    rule.resourceNames.length === 0 ||
    rule.resourceNames.includes(name ?? '');
  return (
    has(rule.apiGroups, group) &&
    isNamed &&
    (has(rule.resources, what) || (subresource !== undefined && has(rule.resources, `*/${subresource}`)))
  );
}

/** Rules that bind a user in a namespace, or everywhere without one. */
function boundRules(store: MemoryStore, user: User, namespace: string | undefined): Rule[] {
  const isSubject = ({ subjects = [] }: Binding) =>
    subjects.some(({ kind, name, namespace: home = '' }) =>
      kind === 'Group'
        ? user.groups.includes(name)
        : user.name === (kind === 'ServiceAccount' ? `system:serviceaccount:${home}:${name}` : name),
    );
  const rulesOf = ({ roleRef, metadata }: Binding): Rule[] => {
    const role =
      roleRef.kind === 'ClusterRole'
        ? store.get<Role>('rbac.authorization.k8s.io/v1/clusterroles', undefined, roleRef.name)
        : store.get<Role>('rbac.authorization.k8s.io/v1/roles', metadata.namespace, roleRef.name);
    return role?.rules ?? [];
  };
  const cluster = store.list<Binding>('rbac.authorization.k8s.io/v1/clusterrolebindings');
  const local =
    namespace === undefined
      ? []
      : store.list<Binding>('rbac.authorization.k8s.io/v1/rolebindings', { namespace });
  return [...cluster, ...local].filter(isSubject).flatMap(rulesOf);
}

/** What everybody may, known or not (system:public-info-viewer). */
const PUBLIC: Rule[] = [
  { verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] },
];

/**
 * What everybody known may: find out what the server can do, and what
 * one may do oneself (system:basic-user, system:discovery).
 */
const KNOWN: Rule[] = [
  {
    verbs: ['create'],
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  },
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ...PUBLIC,
  {
    verbs: ['get'],
    nonResourceURLs: [
      '/api',
      '/api/*',
      '/apis',
      '/apis/*',
      '/healthz',
      '/livez',
      '/openapi',
      '/openapi/*',
      '/readyz',
      '/version',
      '/version/',
    ],
  },
];

const everybodysRules = ({ groups }: User): Rule[] =>
  groups.includes('system:authenticated') ? KNOWN : PUBLIC;

/** Administrators may do everything, everybody else what Roles and ClusterRoles in the store grant them. */
export function createRbacAuthorizer(store: MemoryStore): Authorizer {
  return (attributes) => {
    const { user, namespace, path } = attributes;
    if (user.groups.includes('system:masters')) return true;
    const rules = [
      ...everybodysRules(user),
      ...boundRules(store, user, path === undefined ? namespace : undefined),
    ];
    return rules.some((rule) => grants(rule, attributes));
  };
}

/** Everything a user may do in a namespace: `kubectl auth can-i --list`. */
export function rulesFor(store: MemoryStore, user: User, namespace: string): Rule[] {
  const all: Rule[] = user.groups.includes('system:masters')
    ? [
        { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
        { verbs: ['*'], nonResourceURLs: ['*'] },
      ]
    : [];
  return [...all, ...everybodysRules(user), ...boundRules(store, user, namespace)];
}
