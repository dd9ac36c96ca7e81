/** One run of the real switch in the simulated cluster. */
import {
  createMesh,
  createProver,
  runAdoption,
  runSwitch,
  silentReporter,
} from '../../../scripts/switch/index.ts';
import type { Reporter, SwitchOptions, SwitchResult } from '../../../scripts/switch/index.ts';
import { InterruptedError, messageOf } from '../../../scripts/shared/errors.ts';
import type { Mutant } from '../mutants/mutant.ts';
import type { Prng } from '../time/prng.ts';
import type { World } from '../world/world.ts';
import { APP, NAMESPACE, deploymentOf } from '../world/manifests.ts';
import type { Network } from './network.ts';
import { createProcess } from './process.ts';
import type { OperatorProcess } from './process.ts';
import { createSimulatedCluster } from './simulated-cluster.ts';

export type Wish = Pick<
  SwitchOptions,
  'adopt' | 'to' | 'undo' | 'canary' | 'keepOld' | 'keepFailed' | 'ownerPaused'
>;

export interface Pace {
  leaseSeconds: number;
  quietMs: number;
  stepTimeoutMs: number;
}

export interface Run {
  readonly name: string;
  readonly wish: Wish;
  readonly process: OperatorProcess;
  readonly network: Network;
  /**
   * What it said at its end; a word for what it threw; undefined while
   * it is under way, and for ever when it was killed.
   */
  end: SwitchResult | string | undefined;
  /** SIGINT: the switch is told, and ends in good order. */
  interrupt(): void;
  isOver(): boolean;
}

export function startRun(
  name: string,
  wish: Wish,
  {
    world,
    network,
    pace,
    prng,
    mutant,
  }: { world: World; network: Network; pace: Pace; prng: Prng; mutant: Mutant },
): Run {
  const { timeline, story, api, answers } = world;
  const process = createProcess(timeline, name);
  const { leaseSeconds } = pace;
  const connection = {
    process,
    network,
    api,
    pods: answers,
    namespace: NAMESPACE,
    // The same proportions as in life: 10 s for a call and 15 s of patience beside a Lease of 15 s.
    timeoutMs: leaseSeconds * 667,
    retryForMs: leaseSeconds * 1000,
  };
  const real = createSimulatedCluster(connection);
  const cluster = mutant.cluster?.(real) ?? real;
  const { clock } = process;
  const interruption = new AbortController();
  const run: Run = {
    name,
    wish,
    process,
    network,
    end: undefined,
    interrupt() {
      story.tell(name, () => 'is interrupted');
      timeline.wake();
      interruption.abort(new InterruptedError('SIGINT'));
    },
    isOver: () => run.end !== undefined || !process.isAlive(),
  };
  story.tell(name, () => `starts: ${JSON.stringify(wish)}`);
  timeline.wake();
  const prover = mutant.prover?.(createProver(createMesh(cluster, { clock }), clock));
  const begin = wish.adopt === true ? runAdoption : runSwitch;
  begin(
    {
      ...wish,
      ...pace,
      app: APP,
      cluster,
      clock,
      prover,
      arrange: mutant.arrange,
      clusterFile: 'simulation',
      renderSet: (_file, vars) => Promise.resolve([versionFrom(vars)]),
      createId: (bytes = 4) => hex(prng, bytes),
      identity: name,
      leastSample: 4,
      signal: interruption.signal,
    },
    reporterOf(name, world),
  ).then(
    (result) => {
      run.end = result;
      story.tell(name, () => `ends: ${result.outcome}${result.ok ? '' : ' (not ok)'}: ${result.message}`);
    },
    (error: unknown) => {
      run.end = messageOf(error);
      story.tell(name, () => `ends: ${messageOf(error)}`);
    },
  );
  return run;
}

function versionFrom({ version = '', replicas = '1' }: Readonly<Record<string, string>>) {
  return deploymentOf(version, Number(replicas));
}

function hex(prng: Prng, bytes: number): string {
  return Array.from({ length: 2 * bytes }, () => prng.int(0, 15).toString(16)).join('');
}

function reporterOf(name: string, { story }: World): Reporter {
  return {
    ...silentReporter,
    stepStarted: (title) => story.tell(name, () => `${title} …`),
    stepDone: (detail) => story.tell(name, () => `✓ ${detail}`),
    stepFailed: (detail) => story.tell(name, () => `✗ ${detail}`),
    note: (text) => story.tell(name, () => text),
  };
}
