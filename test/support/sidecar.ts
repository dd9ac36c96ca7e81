import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CoffeeShop, type ServiceProcess, startService } from './service-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'sidecar-test-'));
process.once('exit', () => {
  rmSync(folder, { recursive: true, force: true });
});
let sidecars = 0;

export interface SidecarProcess extends ServiceProcess {
  url: string;
  /** What the kubelet would keep as the termination message; undefined if nothing was written. */
  terminationMessage(): FlightRecordSeen | undefined;
}

export interface FlightRecordSeen {
  record: string;
  watch: string;
  began: string;
  outcome: string | null;
  afterMs: Record<string, number | null>;
  servedWhileDraining: number | null;
  cut: { requests: number; connections: number } | null;
  trouble: string | null;
}

/** The lifecycle sidecar on any free port, with waits that suit tests, unless `env` says otherwise. */
export async function startSidecar(env: Record<string, string>): Promise<SidecarProcess> {
  const terminationLog = join(folder, `termination-log-${(sidecars += 1)}`);
  const service = startService('services/lifecycle-sidecar/main.ts', {
    HOST: '127.0.0.1',
    PORT: '0',
    POD_NAME: 'coffee-1',
    PRE_STOP_MIN_MS: '400',
    PRE_STOP_QUIET_MS: '300',
    PRE_STOP_DEADLINE_MS: '8000',
    POLL_MS: '50',
    GRACE_MS: '10000',
    TERMINATION_LOG: terminationLog,
    ...env,
  });
  const { port } = await service.event('listening');
  return Object.assign(service, {
    url: `http://127.0.0.1:${String(port)}`,
    terminationMessage: () => {
      try {
        return JSON.parse(readFileSync(terminationLog, 'utf8')) as FlightRecordSeen;
      } catch {
        return undefined;
      }
    },
  });
}

/** The environment of a sidecar beside this coffee-shop. */
export function beside(shop: CoffeeShop): Record<string, string> {
  return {
    APP_PORT: String(shop.port),
    APP_ADMIN_URL: `http://127.0.0.1:${shop.adminPort}`,
  };
}

/** What the kubelet's preStop httpGet does; it ignores the status. */
export async function preStop(sidecar: SidecarProcess, init: RequestInit = {}): Promise<FlightRecordSeen> {
  return (await (await fetch(`${sidecar.url}/pre-stop`, init)).json()) as FlightRecordSeen;
}
