import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { buildSync } from 'esbuild';
import { waitFor } from '../../scripts/shared/wait.ts';

const folder = mkdtempSync(join(tmpdir(), 'coffee-service-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bundles = new Map<string, string>();

/** Bundles a service as the images do, once per test file; plain `node` runs it. */
export function bundle(main: string): string {
  const known = bundles.get(main);
  if (known !== undefined) return known;
  const outfile = join(folder, `${main.replaceAll('/', '-')}.cjs`);
  buildSync({
    entryPoints: [main],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    logLevel: 'error',
  });
  bundles.set(main, outfile);
  return outfile;
}

export interface LogEvent {
  msg: string;
  [field: string]: unknown;
}

/** A real process, its events and its end. */
export interface ServiceProcess {
  child: ChildProcess;
  /** Every JSON line written so far. */
  events: LogEvent[];
  stderr: () => string;
  /** The first event with this message, waiting for it if need be. */
  event(msg: string): Promise<LogEvent>;
  /** Exit code, or the name of the signal that ended it. */
  exited: Promise<number | NodeJS.Signals>;
  signal(name: NodeJS.Signals): void;
}

const running = new Set<ChildProcess>();

export function startService(main: string, env: Record<string, string> = {}): ServiceProcess {
  return startProcess('node', [bundle(main)], env);
}

export function startProcess(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): ServiceProcess {
  const child = spawn(command === 'node' ? process.execPath : command, args, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const events: LogEvent[] = [];
  const waiting: { msg: string; found: (event: LogEvent) => void; gone: (error: Error) => void }[] = [];
  let rest = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((candidate) => candidate.startsWith('{'))) {
      const event = JSON.parse(line) as LogEvent;
      events.push(event);
      for (const { found } of waiting.filter(({ msg }) => msg === event.msg)) found(event);
    }
  });
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      for (const { msg, gone } of waiting) gone(new Error(`ended without "${msg}": ${stderr}`));
      resolve(signal ?? code ?? -1);
    });
  });
  return {
    child,
    events,
    stderr: () => stderr,
    event: (msg) =>
      new Promise((found, gone) => {
        const known = events.find((event) => event.msg === msg);
        if (known) found(known);
        else waiting.push({ msg, found, gone });
      }),
    exited,
    signal: (name) => {
      child.kill(name);
    },
  };
}

/** Kills what a failed test left behind. */
export async function killLeftovers(): Promise<void> {
  await Promise.all(
    [...running].map(
      (child) =>
        new Promise((resolve) => {
          child.once('close', resolve);
          child.kill('SIGKILL');
        }),
    ),
  );
}

export interface CoffeeShop extends ServiceProcess {
  port: number;
  adminPort: number;
}

/** The coffee-shop on any free ports, ready; with a drain that suits tests, unless `env` says otherwise. */
export async function startCoffeeShop(env: Record<string, string> = {}): Promise<CoffeeShop> {
  const service = startService('services/coffee-shop/main.ts', {
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    VERSION: 'v1',
    POD_NAME: 'coffee-1',
    DRAIN_MIN_MS: '600',
    DRAIN_QUIET_MS: '400',
    DRAIN_DEADLINE_MS: '8000',
    ...env,
  });
  const { port, adminPort } = await service.event('listening');
  if (env.WARM_UP_MS === undefined) await service.event('ready');
  return Object.assign(service, { port: Number(port), adminPort: Number(adminPort) });
}

/** Waits until the coffee-shop answers that many requests. */
export async function untilInFlight(adminPort: number, wanted: number): Promise<void> {
  let inFlight: number | undefined;
  await waitFor(
    async () => {
      const response = await fetch(`http://127.0.0.1:${adminPort}/lifecycle`);
      ({ inFlight } = (await response.json()) as { inFlight: number });
      return inFlight === wanted;
    },
    {
      deadlineMs: 30_000,
      intervalMs: 10,
      what: `${wanted} requests in flight`,
      lastSeen: () => `${inFlight ?? 'none'} in flight`,
    },
  );
}
