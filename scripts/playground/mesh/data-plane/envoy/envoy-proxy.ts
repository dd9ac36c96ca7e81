import { writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Acknowledgement } from '../data-plane.ts';
import type { ProxySpec } from '../messages.ts';
import { createStatusServer, type AgentState } from '../pilot-agent.ts';
import { SocketServers } from '../socket-servers.ts';
import { PodAddresses } from './addresses.ts';
import { askAdmin } from './admin-client.ts';
import { createAdminForwarder } from './admin-forwarder.ts';
import { bootstrap } from './bootstrap.ts';
import { openLogPipe, type LogPipe } from './log-pipe.ts';
import { startEnvoy, type EnvoyProcess, type ProcessGuard } from './process.ts';
import { EnvoyResources } from './resources.ts';

const START_DEADLINE_MS = 15_000;
const ASK_AGAIN_MS = 10;

export interface EnvoyProxyOptions {
  binary: string;
  /** For this proxy alone. */
  folder: string;
  adsSocket: string;
  addresses: PodAddresses;
  guard?: ProcessGuard;
  onFailure: (error: Error) => void;
  /** Whole lines of its log. */
  onLog: (text: string) => void;
}

/** A pod's pilot-agent and Envoy. */
export class EnvoyProxy {
  readonly spec: ProxySpec;
  readonly resources: EnvoyResources;
  readonly #options: EnvoyProxyOptions;
  readonly #servers = new SocketServers();
  readonly #adminSocket: string;
  readonly #withheld: Acknowledgement[] = [];
  #onLive: (acknowledgements: Acknowledgement[]) => void = () => undefined;
  #process: EnvoyProcess | undefined;
  #log: LogPipe | undefined;
  #isLive = false;
  #isDraining = false;
  #isStopping = false;

  constructor(spec: ProxySpec, options: EnvoyProxyOptions) {
    this.spec = spec;
    this.#options = options;
    this.#adminSocket = path.join(options.folder, 'admin');
    this.resources = new EnvoyResources(spec, options.addresses, path.join(options.folder, 'log'));
    for (const { port, outside, inside } of spec.inbound) {
      options.addresses.set(spec.podIp, port, outside);
      options.addresses.show(inside, { host: spec.podIp, port });
    }
  }

  /** Starts Envoy and everything of the agent. Resolves when the admin port answers. */
  async start(): Promise<void> {
    const { folder, adsSocket, addresses, binary, guard, onFailure } = this.#options;
    const { spec } = this;
    await mkdir(folder, { recursive: true });
    const [agentSocket] = [...spec.status].reverse();
    if (agentSocket === undefined) throw new Error(`${spec.name} has no status port.`);
    this.#log = await openLogPipe(path.join(folder, 'log'), (text) =>
      this.#options.onLog(addresses.inText(text)),
    );
    const configFile = path.join(folder, 'envoy.json');
    const config = bootstrap(spec, { adminSocket: this.#adminSocket, adsSocket, agent: agentSocket });
    writeFileSync(configFile, JSON.stringify(config));
    const agent: AgentState = {
      metrics: async () => (await askAdmin(this.#adminSocket, '/stats/prometheus')).body,
      ready: () => this.#isLive && !this.#isDraining,
      drain: () => this.drain(),
      quit: () => void this.stop(),
    };
    for (const address of spec.status) {
      await this.#servers.serve(address, createStatusServer(spec.probers, agent));
    }
    await this.#servers.serve(
      spec.admin,
      createAdminForwarder(this.#adminSocket, addresses, this.#listenerAddresses()),
    );
    this.#process = startEnvoy({ binary, configFile, guard });
    let words: string | undefined;
    void this.#process.ended.then((text) => {
      words = text;
      if (this.#isLive && !this.#isStopping) onFailure(new Error(`The proxy of ${spec.name}: ${text}`));
    });
    await until(async () => {
      if (words !== undefined) throw new Error(words);
      return (await this.#state()) !== undefined;
    });
  }

  onLive(listener: (acknowledgements: Acknowledgement[]) => void): void {
    this.#onLive = listener;
  }

  /**
   * What to tell istiod now. The acknowledgement that would make the
   * proxy ready is kept back until Envoy says that it serves.
   */
  acknowledged(acknowledgement: Acknowledgement): Acknowledgement[] {
    if (this.#isLive || acknowledgement.warming > 0) return [acknowledgement];
    this.#withheld.push(acknowledgement);
    if (this.#withheld.length === 1) void this.#waitUntilLive();
    return [];
  }

  /**
   * Answers to the pod's callers end their connections from now on; new connections are still taken.
   * https://www.envoyproxy.io/docs/envoy/latest/operations/admin#post--drain_listeners
   */
  drain(): void {
    this.#isDraining = true;
    const which = this.spec.type === 'router' ? '' : 'inboundonly&';
    askAdmin(this.#adminSocket, `/drain_listeners?${which}graceful&skip_exit`, { method: 'POST' }).catch(
      () => undefined,
    );
  }

  /** Resolves when the process is gone and its ports are closed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#process?.kill();
    this.#servers.kill();
    await this.#log?.close();
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  async #waitUntilLive(): Promise<void> {
    try {
      await until(async () => this.#isStopping || (await this.#state()) === 'LIVE');
      this.#isLive = !this.#isStopping;
      this.#onLive(this.#withheld.splice(0));
    } catch (error) {
      this.#options.onFailure(error as Error);
    }
  }

  async #state(): Promise<string | undefined> {
    try {
      return (await askAdmin(this.#adminSocket, '/ready')).body.trim();
    } catch {
      return undefined;
    }
  }

  /** How this proxy's listening sockets are called in a pod. */
  #listenerAddresses(): PodAddresses {
    const shown = new PodAddresses();
    const wildcard = (sockets: (SocketOf | undefined)[], port: number) => {
      for (const socket of sockets) if (socket !== undefined) shown.show(socket, { host: '0.0.0.0', port });
    };
    const { stats, health, inbound, outbound, gateway = [] } = this.spec;
    wildcard(stats, 15090);
    wildcard(health, 15021);
    wildcard(
      inbound.map(({ outside }) => outside),
      15006,
    );
    wildcard([outbound], 15001);
    for (const { port, sockets } of gateway) wildcard(sockets, port);
    return shown;
  }
}

type SocketOf = ProxySpec['admin'];

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`Envoy did not serve within ${START_DEADLINE_MS / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}
