import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { MemoryStore } from '../storage/store.ts';
import type { ApiRequest, User } from './request.ts';

/** What a caller wants to do, as an authorizer sees it. */
export interface AccessAttributes {
  user: User;
  verb: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  /** For paths that are no resource: `/metrics`. */
  path?: string;
}

/** True when allowed. */
export type Authorizer = (attributes: AccessAttributes) => boolean;

export interface LogOptions {
  follow?: boolean;
  previous?: boolean;
  tailLines?: number;
  sinceSeconds?: number;
  sinceTime?: string;
  timestamps?: boolean;
  limitBytes?: number;
}

export type ReadLogs = (
  namespace: string,
  pod: string,
  container: string,
  options: LogOptions,
) => AsyncIterable<string | Buffer>;

/** Connects to what `localhost:port` is inside the pod. Rejects when nothing listens there. */
export type ConnectToPod = (namespace: string, pod: string, port: number) => Promise<Socket>;

/** Starts a command as if inside the container. Throws when the container does not run. */
export type ExecInPod = (
  namespace: string,
  pod: string,
  container: string,
  command: string[],
) => ChildProcess;

/** Something that goes wrong on purpose with one request. */
export interface Fault {
  /** Waits before anything else, milliseconds. */
  delayMs?: number;
  /** Cuts the connection instead of answering. */
  reset?: boolean;
  /** Lets the request take effect, then cuts the connection instead of answering. */
  resetAfter?: boolean;
  /** Answers this instead. */
  answer?: { code: number; body: unknown; headers?: Record<string, string> };
}

export type FaultHook = (request: ApiRequest) => Fault | undefined;

/** What every handler may use. */
export interface ApiContext {
  store: MemoryStore;
  authorize: Authorizer;
  readLogs: ReadLogs | undefined;
  connectToPod: ConnectToPod | undefined;
  execInPod: ExecInPod | undefined;
  /** Issues a bearer token for a user. */
  issueToken: (user: User, lifetimeMs: number) => string;
  /** Milliseconds between bookmarks on a watch that allows them. */
  bookmarkIntervalMs: number;
  /** Aborts when the server closes: streams end then. */
  closing: AbortSignal;
}
