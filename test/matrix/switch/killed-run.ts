/** A run of the switch as a process of its own, killed as soon as it has passed a point. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bundle } from '../../../scripts/shared/bundle.ts';
import type { SwitchOptions } from '../../../scripts/switch/index.ts';
import { root } from '../../support/cluster.ts';
import { callOf, isWrite, type QuickCoffee } from './quick-coffee.ts';

/** Its API server does what a test says. */
export type Shop = Pick<QuickCoffee, 'onRequest' | 'playground'>;

/** What `runUntil` runs, in this folder. */
export async function bundleSwitch(folder: string): Promise<string> {
  const program = path.join(folder, 'switch.mjs');
  await bundle(path.join(root, 'test/matrix/switch/switch-process.ts'), program);
  return program;
}

export interface KilledRun {
  /** Each point passed: after so many writes, this call or this proof. */
  points: string[];
  killed: boolean;
  outcome: string | undefined;
}

/** Runs the switch as a process and kills it as soon as it has passed the point. */
export async function runUntil(
  coffee: Shop,
  { program, to, told }: { program: string; to: string; told: Partial<SwitchOptions> },
  point?: string,
): Promise<KilledRun> {
  const where = [coffee.playground.kubeconfig, path.join(root, 'istio/cluster.yaml'), to];
  const child = spawn(process.execPath, [program, ...where, JSON.stringify(told)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const run: KilledRun = { points: [], killed: false, outcome: undefined };
  let writes = 0;
  const passed = (what: string): boolean => {
    const here = `after write ${writes}: ${what}`;
    if (!run.points.includes(here)) run.points.push(here);
    return here === point && !run.killed;
  };
  const kill = () => {
    run.killed = true;
    child.kill('SIGKILL');
  };
  coffee.onRequest = (asked) => {
    const call = callOf(asked);
    if (!isWrite(asked)) {
      // What a read answers changes nothing: killed while it is answered is killed after it.
      if (passed(call)) kill();
      return undefined;
    }
    // The Lease is renewed at any time; only its first write and those
    // of the record are points in the sequence.
    if (asked.target?.plural !== 'leases' || !seen.has(`${writes} ${call}`)) {
      seen.add(`${writes} ${call}`);
      if (asked.target?.plural !== 'leases') writes += 1;
      if (passed(call)) {
        // Carried out, and then nobody is there to hear the answer.
        asked.raw.socket.once('close', kill);
        return { resetAfter: true };
      }
    }
    return undefined;
  };
  const seen = new Set<string>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, name] = line.split(' ');
    if (what === 'end') run.outcome = name;
    else if (passed(`proof of ${name ?? ''}`)) kill();
  });
  await new Promise((resolve) => child.once('close', resolve));
  coffee.onRequest = undefined;
  return run;
}
