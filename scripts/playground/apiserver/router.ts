import type { ServerResponse } from 'node:http';
import {
  badRequest,
  methodNotAllowed,
  notImplemented,
  StatusError,
  unknownResource,
} from './status-error.ts';
import type { Answer } from './answer.ts';
import type { ApiContext } from './context.ts';
import { deleteCollection, deleteObject } from './verbs/delete.ts';
import { checkAccept } from './negotiation/accept.ts';
import { bindPod } from './subresources/binding.ts';
import { serveDiscovery } from './discovery/discovery.ts';
import { evictPod } from './subresources/eviction.ts';
import { serveHealth } from './health.ts';
import { serveLogs } from './subresources/logs.ts';
import { serveOpenApi } from './discovery/openapi.ts';
import { serveProxy } from './subresources/proxy.ts';
import { getObject, listObjects, type TypedTarget } from './verbs/read.ts';
import { isWatch, verbOf, type ApiRequest } from './request.ts';
import { issueServiceAccountToken, serveReview } from './auth/reviews.ts';
import { responseSink } from './verbs/watch-sink.ts';
import { serveScale } from './subresources/scale.ts';
import { serveWatch } from './verbs/watch.ts';
import { createObject, patchObject, replaceObject } from './verbs/write.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

const pageNotFound: Answer = { code: 404, body: '404 page not found\n', headers: TEXT };

/** Answers one request, or streams to `response` and returns undefined. */
export async function handle(
  request: ApiRequest,
  context: ApiContext,
  response: ServerResponse,
  readBody: () => Promise<Buffer>,
): Promise<Answer | undefined> {
  const { target, method } = request;
  if (target === undefined) {
    const answer =
      serveHealth(request) ??
      serveOpenApi(request, context) ??
      serveDiscovery(request, context.store.registry);
    return answer ?? pageNotFound;
  }
  if (target.type === undefined) {
    const isKnownGroup = context.store.registry
      .all()
      .some(({ group, version }) => group === target.group && version === target.version);
    if (!isKnownGroup) return pageNotFound;
    throw unknownResource();
  }
  const typed: TypedTarget = { ...target, type: target.type };
  if (target.subresource !== 'proxy') checkAccept(request);
  if (method === 'HEAD' || method === 'OPTIONS') throw methodNotAllowed();
  const verb = verbOf(request);
  if (target.subresource !== undefined) return serveSubresource(request, typed, context, response, readBody);
  if (!typed.type.verbs.includes(verb)) throw methodNotAllowed();
  if (verb === 'watch') {
    serveWatch(request, typed, context, responseSink(response));
    return undefined;
  }
  if (typed.type.namespaced && typed.namespace === undefined && verb !== 'list') throw methodNotAllowed();
  if (typed.name !== undefined && verb === 'create') throw methodNotAllowed();
  if (typed.name === undefined && (verb === 'update' || verb === 'patch')) throw methodNotAllowed();
  switch (verb) {
    case 'get':
      return getObject(request, typed, context);
    case 'list':
      return listObjects(request, typed, context);
    default:
      return write(verb, request, typed, context, await readBody());
  }
}

function write(
  verb: string,
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  body: Buffer,
): Answer {
  if (!target.type.verbs.includes('list')) {
    if (target.type.kind.endsWith('Review')) return serveReview(request, target, context, body);
    if (target.type.kind === 'Binding') return bindPod(request, target, context, body);
    throw notImplemented(`creating a ${target.type.kind}`);
  }
  switch (verb) {
    case 'create':
      return createObject(request, target, context, body);
    case 'update':
      return replaceObject(request, target, context, body);
    case 'patch':
      return patchObject(request, target, context, body);
    case 'delete':
      return deleteObject(request, target, context, body);
    case 'deletecollection':
      return deleteCollection(request, target, context, body);
    default:
      throw methodNotAllowed();
  }
}

/**
 * Subresources of a real cluster that are missing here, and from discovery: a request gets an error that says
 * so.
 */
const LEFT_OUT = new Set(['pods/ephemeralcontainers', 'pods/resize']);

const notServed = (path: string): StatusError =>
  new StatusError(501, 'NotImplemented', `the playground does not serve ${path}`, {});

async function serveSubresource(
  request: ApiRequest,
  target: TypedTarget,
  context: ApiContext,
  response: ServerResponse,
  readBody: () => Promise<Buffer>,
): Promise<Answer | undefined> {
  const { type, subresource } = target;
  const path = `${type.plural}/${String(subresource)}`;
  const known = type.subresources.find(({ name }) => name === subresource);
  if (known === undefined)
    throw type.group === '' && LEFT_OUT.has(path) ? notServed(path) : unknownResource();
  const verb = isWatch(request) ? 'get' : verbOf(request);
  if (!known.verbs.includes(verb)) throw methodNotAllowed();
  switch (subresource) {
    case 'status':
      if (verb === 'get') return getObject(request, target, context);
      return verb === 'update'
        ? replaceObject(request, target, context, await readBody())
        : patchObject(request, target, context, await readBody());
    case 'scale':
      return serveScale(request, target, context, await readBody());
    case 'log':
      await serveLogs(request, target, context, response);
      return undefined;
    case 'token':
      return issueServiceAccountToken(request, target, context, await readBody());
    case 'eviction':
      return evictPod(request, target, context, await readBody());
    case 'proxy':
      return serveProxy(request, target, context, response);
    case 'binding':
      return bindPod(request, target, context, await readBody());
    case 'portforward':
    case 'exec':
    case 'attach':
      throw badRequest('Upgrade request required');
    default:
      throw notServed(path);
  }
}
