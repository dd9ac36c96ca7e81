import { createHash } from 'node:crypto';
import type { Registry } from '../registry/registry.ts';
import type { ResourceType } from '../registry/resource-type.ts';
import { StatusError } from '../status-error.ts';
import type { Answer } from '../answer.ts';
import type { ApiContext } from '../context.ts';
import { openApiV2, openApiV3, pathOf } from './openapi/swagger.ts';
import type { ApiRequest } from '../request.ts';

/**
 * OpenAPI v3: what `kubectl apply` asks before it writes (does PATCH know `fieldValidation`?), what `diff`
 * merges by, and what `explain` shows.
 * https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */

interface Document {
  text: string;
  hash: string;
}

const hashOf = (text: string): string => createHash('sha512').update(text).digest('hex').toUpperCase();

/** Documents are made when first asked for; a registry that changed makes them anew. */
class Documents {
  private revision = -1;
  private readonly made = new Map<string, Document>();

  get(registry: Registry, group: string, version: string): Document | undefined {
    return this.document(registry, `${group}/${version}`, () => {
      const types = typesOf(registry, group, version);
      if (types.length === 0) return undefined;
      return { content: openApiV3(types, group, version), hash: groupHash(types) };
    });
  }

  everything(registry: Registry): Document | undefined {
    const types = registry.all();
    return this.document(registry, 'v2', () => ({ content: openApiV2(types), hash: groupHash(types) }));
  }

  private document(
    registry: Registry,
    key: string,
    make: () => { content: unknown; hash: string } | undefined,
  ): Document | undefined {
    if (registry.revision !== this.revision) {
      this.made.clear();
      this.revision = registry.revision;
    }
    let document = this.made.get(key);
    if (document === undefined) {
      const made = make();
      if (made === undefined) return undefined;
      document = { text: JSON.stringify(made.content), hash: made.hash };
      this.made.set(key, document);
    }
    return document;
  }
}

const typesOf = (registry: Registry, group: string, version: string): ResourceType[] =>
  registry.all().filter((type) => type.group === group && type.version === version);

/**
 * The index names every document by its hash. The hash is computed from the document's types, so that the
 * index does not need the documents.
 */
const groupHash = (types: ResourceType[]): string =>
  hashOf(
    JSON.stringify(
      types.map(({ kind, version, verbs, defined }) => [kind, version, verbs, defined?.openApi]),
    ),
  );

const documents = new WeakMap<Registry, Documents>();

export function serveOpenApi(request: ApiRequest, context: ApiContext): Answer | undefined {
  if (!/^\/openapi\/v[23](\/|$)/.test(request.path)) return undefined;
  const { registry } = context.store;
  const known = documents.get(registry) ?? new Documents();
  documents.set(registry, known);
  if (request.path === '/openapi/v2') {
    const { accept = '' } = request.headers;
    if (accept.includes('protobuf') && !/json|\*\/\*/.test(accept))
      throw new StatusError(406, 'NotAcceptable', 'the playground describes itself in JSON only');
    const all = known.everything(registry);
    return all === undefined ? undefined : serveDocument(request, all);
  }
  const rest = request.path.slice('/openapi/v3'.length).replace(/^\/|\/$/g, '');
  if (rest === '') return serveIndex(request, registry);
  const [root, ...parts] = rest.split('/');
  const [group, version] = root === 'api' ? ['', parts[0]] : [parts[0] ?? '', parts[1]];
  const document = version === undefined ? undefined : known.get(registry, group, version);
  if (document === undefined) return undefined;
  return serveDocument(request, document);
}

function serveIndex(request: ApiRequest, registry: Registry): Answer {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const { group, versions } of registry.groups()) {
    for (const version of versions) {
      const path = pathOf(group, version);
      paths[path] = {
        serverRelativeURL: `/openapi/v3/${path}?hash=${groupHash(typesOf(registry, group, version))}`,
      };
    }
  }
  const body = JSON.stringify({ paths });
  const etag = `"${hashOf(body)}"`;
  const headers = { 'content-type': 'text/plain; charset=utf-8', etag };
  return request.headers['if-none-match'] === etag
    ? { code: 304, body: '', headers }
    : { code: 200, body, headers };
}

const YEAR_MS = 365 * 86_400_000;

function serveDocument(request: ApiRequest, { text, hash }: Document): Answer {
  const etag = `"${hash}"`;
  const asked = request.query.get('hash');
  const headers: Record<string, string> = { 'content-type': 'application/json', etag, vary: 'Accept' };
  if (asked !== null && asked !== hash) {
    return { code: 301, body: '', headers: { ...headers, location: `${request.path}?hash=${hash}` } };
  }
  if (asked !== null) {
    headers['cache-control'] = 'public, immutable';
    headers['expires'] = new Date(Date.now() + YEAR_MS).toUTCString();
  }
  return request.headers['if-none-match'] === etag
    ? { code: 304, body: '', headers }
    : { code: 200, body: text, headers };
}
