import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { PodNetwork, SocketAddress } from '../network-types.ts';
import { resolvePort, type Container, type Handler } from '../pod-types.ts';
import type { CheckResult } from './check-result.ts';
import { checkGrpc } from './grpc-check.ts';

/** What a probe or a hook needs to know about its container. */
export interface CheckTarget {
  podIp: string;
  network: PodNetwork;
  container: Container;
  /** Runs a command in the container's environment. */
  exec: (command: string[], signal: AbortSignal) => Promise<{ code: number; output: string }>;
}

export interface HttpGet {
  userAgent: string;
  signal: AbortSignal;
}

/**
 * Where a probe goes: to the pod's inside. With a sidecar that is what Istio's rewrite does (its agent asks
 * the app inside the pod); without one inside and outside are the same socket.
 */
function destination(
  target: CheckTarget,
  port: number | string,
  host: string | undefined,
): { said: string; real: SocketAddress | undefined; problem?: string } {
  const number = resolvePort(port, [target.container]);
  if (number === undefined)
    return { said: '', real: undefined, problem: `couldn't find port: ${String(port)}` };
  if (host !== undefined && host !== target.podIp && host !== 'localhost' && host !== '127.0.0.1') {
    return { said: `${host}:${number}`, real: { host, port: number } };
  }
  return { said: `${target.podIp}:${number}`, real: target.network.inside(target.podIp, number) };
}

/**
 * GET as kubelet and net/http do: a connection of its own, errors in
 * their words. Resolves with the status code; throws on transport errors.
 */
export async function httpGet(
  target: CheckTarget,
  action: NonNullable<Handler['httpGet']>,
  { userAgent, signal }: HttpGet,
): Promise<number> {
  const { said, real, problem } = destination(target, action.port, action.host);
  if (problem !== undefined) throw new Error(problem);
  const secure = action.scheme?.toUpperCase() === 'HTTPS';
  const path =
    action.path === undefined || action.path === ''
      ? '/'
      : action.path.startsWith('/')
        ? action.path
        : `/${action.path}`;
  const url = `${secure ? 'https' : 'http'}://${said}${path}`;
  const fail = (reason: string): Error => new Error(`Get "${url}": ${reason}`);
  if (real === undefined) throw fail(`dial tcp ${said}: connect: connection refused`);
  const headers: Record<string, string> = {
    host: said,
    'user-agent': userAgent,
    accept: '*/*',
    connection: 'close',
  };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return await new Promise<number>((resolve, reject) => {
    const options = {
      host: real.host,
      port: real.port,
      path,
      method: 'GET',
      headers,
      agent: false,
      signal,
      rejectUnauthorized: false,
    };
    const request = (secure ? https : http).request(options, (response) => {
      response.resume();
      // A hook counts as answered when its body is complete; a connection that breaks before is an error.
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => reject(fail('unexpected EOF')));
    });
    request.on('error', (error: NodeJS.ErrnoException) => reject(fail(asGo(error, said))));
    request.end();
  });
}

/** Go's words for what Node calls by its code. */
function asGo(error: NodeJS.ErrnoException, said: string): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  }
  if (error.code === 'ECONNREFUSED') return `dial tcp ${said}: connect: connection refused`;
  if (error.code === 'ECONNRESET')
    return error.message === 'socket hang up' ? 'EOF' : `read tcp ${said}: read: connection reset by peer`;
  return error.message;
}

/** One check of a probe: httpGet, tcpSocket, grpc or exec. Never throws. */
export async function check(target: CheckTarget, probe: Handler, timeoutMs: number): Promise<CheckResult> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (probe.httpGet) return await checkHttp(target, probe.httpGet, signal);
    if (probe.tcpSocket) return await checkTcp(target, probe.tcpSocket, signal);
    if (probe.grpc) {
      const to = destination(target, probe.grpc.port, undefined);
      return await checkGrpc(to, probe.grpc.service ?? '', timeoutMs, signal);
    }
    if (probe.exec) return await checkExec(target, probe.exec.command ?? [], timeoutMs, signal);
    return { passed: true, output: '' };
  } catch (error) {
    return { passed: false, output: error instanceof Error ? error.message : String(error) };
  }
}

async function checkHttp(
  target: CheckTarget,
  action: NonNullable<Handler['httpGet']>,
  signal: AbortSignal,
): Promise<CheckResult> {
  const status = await httpGet(target, action, { userAgent: 'kube-probe/1.36', signal });
  const passed = status >= 200 && status < 400;
  return { passed, output: passed ? '' : `HTTP probe failed with statuscode: ${status}` };
}

async function checkTcp(
  target: CheckTarget,
  action: NonNullable<Handler['tcpSocket']>,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { said, real, problem } = destination(target, action.port, action.host);
  if (problem !== undefined) throw new Error(problem);
  if (real === undefined) return { passed: false, output: `dial tcp ${said}: connect: connection refused` };
  return await new Promise<CheckResult>((resolve) => {
    const socket = net.connect({ host: real.host, port: real.port });
    const done = (result: CheckResult): void => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      resolve(result);
    };
    const late = (): void => done({ passed: false, output: `dial tcp ${said}: i/o timeout` });
    signal.addEventListener('abort', late, { once: true });
    socket.once('connect', () => done({ passed: true, output: '' }));
    socket.once('error', () =>
      done({ passed: false, output: `dial tcp ${said}: connect: connection refused` }),
    );
  });
}

async function checkExec(
  target: CheckTarget,
  command: string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { code, output } = await target.exec(command, signal);
  if (signal.aborted)
    return {
      passed: false,
      output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1_000}s`,
    };
  return { passed: code === 0, output };
}
