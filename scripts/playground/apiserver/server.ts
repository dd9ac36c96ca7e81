import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createHttpListener, urlOfTarget } from '../../shared/listener/index.ts';
import { keepDefinitions } from './registry/custom/keep-definitions.ts';
import type { MemoryStore } from '../storage/store.ts';
import { admit } from './auth/admit.ts';
import { send, statusAnswer, type Answer } from './answer.ts';
import { readBody } from './negotiation/body.ts';
import { createCertificate } from '../../shared/certificate.ts';
import { keepClusterObjects } from './cluster-objects.ts';
import type {
  ApiContext,
  Authorizer,
  ConnectToPod,
  ExecInPod,
  Fault,
  FaultHook,
  ReadLogs,
} from './context.ts';
import { keepQuotas } from './registry/admission/keep-quotas.ts';
import { renderKubeconfig } from './kubeconfig.ts';
import { parseTarget, type ApiRequest, type User } from './request.ts';
import { createRbacAuthorizer } from './auth/rbac.ts';
import { handle } from './router.ts';
import { handleUpgrade, refuseUpgrade } from './subresources/upgrade.ts';

export interface ApiServerOptions {
  store: MemoryStore;
  /** Reads container logs; without it `pods/log` answers 501. */
  readLogs?: ReadLogs;
  /** Connects to a port inside a pod; without it port-forward reports an error on its error channel. */
  connectToPod?: ConnectToPod;
  /** Starts a command in a container; without it `pods/exec` says so on its error channel. */
  execInPod?: ExecInPod;
  /**
   * Says who may do what. By default RBAC: the administrator
   * everything, service accounts what their roles grant.
   */
  authorize?: Authorizer;
  /** Makes single requests slow, broken or wrong. */
  faults?: FaultHook;
  /**
   * Whether namespaces get what every cluster puts into them
   * (`default`, `kube-root-ca.crt`). By default they do.
   */
  clusterObjects?: boolean;
  host?: string;
  port?: number;
  /** Milliseconds between bookmarks. Well under 30 s: clients take longer silence for a dead connection. */
  bookmarkIntervalMs?: number;
}

export interface ApiServer {
  /** https://127.0.0.1:PORT */
  url: string;
  caPem: string;
  /** Bearer token of the administrator. */
  token: string;
  port: number;
  /** The text of a kubeconfig for the administrator. */
  kubeconfig: string;
  /** A bearer token for a user, e.g. a pod's ServiceAccount. */
  issueToken(user: User, lifetimeMs: number): string;
  /** Ends watches cleanly, closes connections, stops listening. */
  close(): Promise<void>;
}

const ADMIN: User = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
const DEFAULT_BOOKMARK_INTERVAL_MS = 10_000;
/**
 * Longer than clients keep idle connections, so that it is never the server that closes one just being used.
 */
const KEEP_ALIVE_MS = 120_000;

class Tokens {
  private readonly users = new Map<string, { user: User; expires: number }>();

  issue(user: User, lifetimeMs: number): string {
    // Every pod gets a token: remove the expired ones.
    for (const [print, { expires }] of this.users) if (expires < Date.now()) this.users.delete(print);
    const token = user.name.startsWith(SERVICE_ACCOUNT)
      ? accountToken(user, lifetimeMs)
      : randomBytes(32).toString('base64url');
    this.users.set(fingerprint(token), { user, expires: Date.now() + lifetimeMs });
    return token;
  }

  /** The user of a request; undefined for an unknown token. */
  userOf(request: IncomingMessage): User | undefined {
    const { authorization } = request.headers;
    if (authorization === undefined) return ANONYMOUS;
    const token = /^Bearer\s+(.+)$/i.exec(authorization)?.[1];
    const known = token === undefined ? undefined : this.users.get(fingerprint(token));
    return known !== undefined && known.expires > Date.now() ? known.user : undefined;
  }
}

const SERVICE_ACCOUNT = 'system:serviceaccount:';

/** In the form of a JWT, since clients read when it ends. What counts is that this server gave it out. */
function accountToken(user: User, lifetimeMs: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [namespace = '', name = ''] = user.name.slice(SERVICE_ACCOUNT.length).split(':');
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: ['https://kubernetes.default.svc'],
    exp: now + Math.floor(lifetimeMs / 1000),
    iat: now,
    iss: 'https://kubernetes.default.svc',
    jti: randomUUID(),
    'kubernetes.io': { namespace, serviceaccount: { name } },
    nbf: now,
    sub: user.name,
  };
  const signature = randomBytes(64).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'playground' })}.${part(claims)}.${signature}`;
}

const fingerprint = (token: string): string => createHash('sha256').update(token).digest('hex');

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { certPem, keyPem } = createCertificate();
  const tokens = new Tokens();
  const token = tokens.issue(ADMIN, Infinity);
  const closing = new AbortController();
  const context: ApiContext = {
    store: options.store,
    authorize: options.authorize ?? createRbacAuthorizer(options.store),
    readLogs: options.readLogs,
    connectToPod: options.connectToPod,
    execInPod: options.execInPod,
    issueToken: (user, lifetimeMs) => tokens.issue(user, lifetimeMs),
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? DEFAULT_BOOKMARK_INTERVAL_MS,
    closing: closing.signal,
  };
  const upgraded = new Set<Duplex>();
  const onUpgrade = (raw: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> | undefined => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    const user = tokens.userOf(raw);
    const request = parse(raw, user ?? ANONYMOUS, context);
    const serveUpgrade = () => handleUpgrade(request, user, socket, head, context);
    const fault = options.faults?.(request);
    if (fault !== undefined) return faultyUpgrade(fault, socket, serveUpgrade);
    serveUpgrade();
    return undefined;
  };
  const server = createHttpListener(
    (request, response) => serve(request, response, context, tokens, options.faults),
    {
      name: 'the API server',
      tls: { cert: certPem, key: keyPem },
      server: { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 },
      onUpgrade,
    },
  );
  server.on('tlsClientError', () => undefined);

  const host = options.host ?? '127.0.0.1';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `https://${host}:${port}`;
  const stopKeeping = [keepQuotas(options.store), keepDefinitions(options.store)];
  if (options.clusterObjects !== false) stopKeeping.push(keepClusterObjects(options.store, certPem, port));
  return {
    url,
    caPem: certPem,
    token,
    port,
    kubeconfig: renderKubeconfig({ url, caPem: certPem, token }),
    issueToken: (user, lifetimeMs) => tokens.issue(user, lifetimeMs),
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        stopKeeping.forEach((stop) => stop());
        server.close(() => resolve());
        server.closeIdleConnections();
        // Streams get the next turns to end by themselves; what is left then is cut.
        setTimeout(() => {
          server.closeAllConnections();
          upgraded.forEach((socket) => socket.destroy());
        }, 50).unref();
      }),
  };
}

async function faultyUpgrade(
  { delayMs, reset, answer }: Fault,
  socket: Duplex,
  serveUpgrade: () => void,
): Promise<void> {
  if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
  if (reset === true) socket.destroy();
  else if (answer !== undefined) refuseUpgrade(socket, answer);
  else if (!socket.destroyed) serveUpgrade();
}

/** @throws MalformedRequest, which the listener answers */
function parse(raw: IncomingMessage, user: User, context: ApiContext): ApiRequest {
  const url = urlOfTarget(raw.url);
  const path = url.pathname;
  return {
    method: raw.method ?? 'GET',
    path,
    query: url.searchParams,
    headers: raw.headers,
    user,
    raw,
    target: parseTarget(path, context.store.registry),
  };
}

async function serve(
  raw: IncomingMessage,
  response: ServerResponse,
  context: ApiContext,
  tokens: Tokens,
  faults: FaultHook | undefined,
): Promise<void> {
  response.on('error', () => response.destroy());
  const accept = raw.headers.accept ?? '';
  const encoding = raw.headers['accept-encoding'] ?? '';
  const answerWith = async (answer: Answer): Promise<void> => {
    if (response.headersSent || response.destroyed) return;
    await send(response, accept, encoding, answer);
  };
  const user = tokens.userOf(raw);
  const request = parse(raw, user ?? ANONYMOUS, context);
  try {
    const fault = faults?.(request);
    if (fault?.delayMs !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
      // Nobody waits for it any more: it does not take effect either.
      if (raw.socket.destroyed) return;
    }
    if (fault?.reset === true) return void raw.socket.destroy();
    if (fault?.answer !== undefined) {
      await answerWith(fault.answer);
      return;
    }
    admit(request, user, context);
    const answer = await handle(request, context, response, () => readBody(raw));
    if (fault?.resetAfter === true) return void raw.socket.destroy();
    if (answer !== undefined) await answerWith(answer);
  } catch (error) {
    await answerWith(statusAnswer(error)).catch(() => response.destroy());
    // An error in the middle of a stream: only cutting it tells the client.
    if (!response.writableEnded) response.destroy();
  } finally {
    // What the handler did not read must not block the connection's next request.
    if (!raw.readableEnded) raw.resume();
  }
}
