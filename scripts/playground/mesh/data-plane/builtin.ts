import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { notBundled } from '../../../shared/bundle.ts';
import type { SocketAddress } from '../../network-types.ts';
import type { Acknowledgement, DataPlane } from './data-plane.ts';
import type { FromDataPlane, ProxySpec, ResourcePush, ToDataPlane } from './messages.ts';

const START_DEADLINE_MS = 15_000;

/**
 * Starts the built-in data plane: one plain Node process with every
 * proxy in it, which ends when this process does.
 */
export async function startBuiltinDataPlane(options: {
  stateDir: string;
  onFailure: (error: Error) => void;
}): Promise<DataPlane> {
  const program = path.join(options.stateDir, 'data-plane.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
  }).catch((error: unknown) => {
    throw notBundled(program, error);
  });
  const env = { ...process.env };
  // A loader or debugger of the parent is not for this program.
  delete env['NODE_OPTIONS'];
  const child = fork(program, [], {
    execArgv: [],
    env,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new BuiltinDataPlane(child, options.onFailure).untilReady();
}

class BuiltinDataPlane implements DataPlane {
  readonly handsOver = true;
  readonly #child: ChildProcess;
  readonly #onFailure: (error: Error) => void;
  readonly #starting = new Map<
    string,
    { resolve: (address: SocketAddress | undefined) => void; reject: (error: Error) => void }
  >();
  readonly #stopping = new Map<string, (() => void)[]>();
  readonly #listeners: ((acknowledgement: Acknowledgement) => void)[] = [];
  readonly #logListeners: ((proxyId: string, text: string) => void)[] = [];
  #onReady: () => void = () => undefined;
  #onExit: (error: Error) => void = () => undefined;
  #closing = false;
  #lastWords = '';

  constructor(child: ChildProcess, onFailure: (error: Error) => void) {
    this.#child = child;
    this.#onFailure = onFailure;
    child.on('message', (message) => this.#receive(message as FromDataPlane));
    child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#lastWords = (this.#lastWords + text).slice(-4000)));
    // Ignore a message that cannot be delivered (EPIPE): the exit is reported with the child's last output.
    child.on('error', () => undefined);
    child.on('exit', (code, signal) => this.#ended(code, signal));
  }

  async untilReady(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`The data plane did not start within ${START_DEADLINE_MS / 1000} s.`)),
        START_DEADLINE_MS,
      );
      this.#onReady = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#onExit = (error) => {
        clearTimeout(timer);
        reject(error);
      };
    });
    return this;
  }

  async start(proxy: ProxySpec): Promise<SocketAddress | undefined> {
    return new Promise((resolve, reject) => {
      this.#starting.set(proxy.id, { resolve, reject });
      this.#tell({ kind: 'start', proxy });
    });
  }

  push(push: ResourcePush): void {
    this.#tell({ kind: 'push', ...push });
  }

  onAcknowledged(listener: (acknowledgement: Acknowledgement) => void): void {
    this.#listeners.push(listener);
  }

  onLog(listener: (proxyId: string, text: string) => void): void {
    this.#logListeners.push(listener);
  }

  drain(proxyId: string): void {
    this.#tell({ kind: 'drain', proxyId });
  }

  async stop(proxyId: string): Promise<void> {
    if (!this.#child.connected) return;
    await new Promise<void>((resolve) => {
      this.#stopping.set(proxyId, [...(this.#stopping.get(proxyId) ?? []), resolve]);
      this.#tell({ kind: 'stop', proxyId });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    if (this.#child.connected) this.#child.disconnect();
    await ended;
  }

  #tell(message: ToDataPlane): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #receive(message: FromDataPlane): void {
    switch (message.kind) {
      case 'ready':
        this.#onReady();
        break;
      case 'started': {
        const waiting = this.#starting.get(message.proxyId);
        this.#starting.delete(message.proxyId);
        if (message.error === undefined) waiting?.resolve(message.publicAddress);
        else waiting?.reject(new Error(`Proxy ${message.proxyId} could not start: ${message.error}`));
        break;
      }
      case 'ack':
        for (const listener of this.#listeners) listener(message);
        break;
      case 'log':
        for (const listener of this.#logListeners) listener(message.proxyId, message.text);
        break;
      case 'fault':
        process.emitWarning(message.text, 'ListenerFault');
        break;
      case 'stopped':
        for (const resolve of this.#stopping.get(message.proxyId) ?? []) resolve();
        this.#stopping.delete(message.proxyId);
        break;
    }
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const error = new Error(
      `The mesh's data plane ended (${signal ?? `exit code ${code ?? 'unknown'}`}).${this.#lastWords === '' ? '' : `\n${this.#lastWords}`}`,
    );
    for (const { reject } of this.#starting.values()) reject(error);
    for (const waiting of this.#stopping.values()) for (const resolve of waiting) resolve();
    this.#starting.clear();
    this.#stopping.clear();
    this.#onExit(error);
    if (!this.#closing) this.#onFailure(error);
  }
}
