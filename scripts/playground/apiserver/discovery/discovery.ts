import { createHash } from 'node:crypto';
import type { Registry } from '../registry/registry.ts';
import type { ResourceType } from '../registry/resource-type.ts';
import { groupVersion } from '../../storage/resource-key.ts';
import { StatusError } from '../status-error.ts';
import type { Answer } from '../answer.ts';
import type { ApiRequest } from '../request.ts';

/** What this server can do, in both forms clients ask for. */

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export const VERSION = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.4',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-11-01T00:00:00Z',
  goVersion: 'go1.26.8',
  compiler: 'gc',
  platform: 'linux/amd64',
};

const storageHash = (type: ResourceType): string =>
  createHash('sha256')
    .update(`${type.group}/${type.version}/${type.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64');

const optional = (field: string, list: string[]): Record<string, string[]> =>
  list.length === 0 ? {} : { [field]: list };

function resourceList(registry: Registry, group: string, version: string): unknown {
  const types = registry.all().filter((type) => type.group === group && type.version === version);
  if (types.length === 0) return undefined;
  const resources = types.flatMap((type) => [
    {
      name: type.plural,
      singularName: type.singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: type.verbs,
      ...optional('shortNames', type.shortNames),
      ...optional('categories', type.categories),
      ...(type.verbs.includes('list') ? { storageVersionHash: storageHash(type) } : {}),
    },
    ...type.subresources.map((sub) => ({
      name: `${type.plural}/${sub.name}`,
      singularName: '',
      namespaced: type.namespaced,
      ...(sub.group === undefined ? {} : { group: sub.group, version: sub.version }),
      kind: sub.kind,
      verbs: sub.verbs,
    })),
  ]);
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion({ group, version }),
    resources,
  };
}

function aggregated(registry: Registry, isCore: boolean): unknown {
  const items = registry
    .groups()
    .filter(({ group }) => (group === '') === isCore)
    .map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        resources: registry
          .all()
          .filter((type) => type.group === group && type.version === version)
          .map(aggregatedResource),
        freshness: 'Current',
      })),
    }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function aggregatedResource(type: ResourceType): unknown {
  return {
    resource: type.plural,
    responseKind: { group: '', version: '', kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: type.verbs,
    ...optional('shortNames', type.shortNames),
    ...optional('categories', type.categories),
    ...(type.subresources.length === 0
      ? {}
      : {
          subresources: type.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: { group: sub.group ?? '', version: sub.version ?? '', kind: sub.kind },
            verbs: sub.verbs,
          })),
        }),
  };
}

const versionEntry = (group: string, version: string) => ({ groupVersion: `${group}/${version}`, version });

function groupBody(group: string, versions: string[]): Record<string, unknown> {
  return {
    name: group,
    versions: versions.map((version) => versionEntry(group, version)),
    preferredVersion: versionEntry(group, versions[0] ?? ''),
  };
}

/**
 * Answers `/version`, `/api…` and `/apis…` as far as they are no
 * resources; undefined when the path is another.
 */
export function serveDiscovery(request: ApiRequest, registry: Registry): Answer | undefined {
  const path = request.path.replace(/\/$/, '');
  if (path === '/version') return { code: 200, body: VERSION };
  if (path === '/api' || path === '/apis') return serveRoot(request, registry, path === '/api');
  const parts = path.split('/').slice(1);
  if (parts[0] === 'api' && parts.length === 2) return found(resourceList(registry, '', parts[1] ?? ''));
  if (parts[0] !== 'apis') return undefined;
  const group = registry.groups().find((one) => one.group === parts[1] && one.group !== '');
  if (group === undefined) return undefined;
  if (parts.length === 2)
    return {
      code: 200,
      body: { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group.group, group.versions) },
    };
  return parts.length === 3 ? found(resourceList(registry, group.group, parts[2] ?? '')) : undefined;
}

const found = (body: unknown): Answer | undefined => (body === undefined ? undefined : { code: 200, body });

function serveRoot(request: ApiRequest, registry: Registry, isCore: boolean): Answer {
  const offers = (request.headers.accept ?? '').split(',').map((one) => one.trim().replaceAll(' ', ''));
  const isOffered = (offer: string, version: string) =>
    offer.includes('g=apidiscovery.k8s.io') &&
    new RegExp(`v=${version}(;|$)`).test(offer) &&
    offer.includes('as=APIGroupDiscoveryList');
  if (offers.some((offer) => isOffered(offer, 'v2'))) return aggregatedAnswer(request, registry, isCore);
  if (offers.every((offer) => offer.includes('apidiscovery')) && offers[0] !== '') {
    throw new StatusError(
      406,
      'NotAcceptable',
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  }
  if (isCore) {
    return {
      code: 200,
      body: {
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: request.headers.host ?? '' }],
      },
    };
  }
  const groups = registry.groups().filter(({ group }) => group !== '');
  return {
    code: 200,
    body: {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: groups.map(({ group, versions }) => groupBody(group, versions)),
    },
  };
}

function aggregatedAnswer(request: ApiRequest, registry: Registry, isCore: boolean): Answer {
  const body = JSON.stringify(aggregated(registry, isCore));
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  const headers = { 'cache-control': 'public', 'content-type': AGGREGATED, etag, vary: 'Accept' };
  return request.headers['if-none-match'] === etag
    ? { code: 304, body: '', headers }
    : { code: 200, body, headers };
}
