import { connectCluster, type Cluster } from '../../shared/cluster/cluster.ts';
import type { Deployment } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { waitFor } from '../../shared/wait.ts';
import type { Measured } from '../measured.ts';
import { startPlaygroundProcess } from '../switch/playground-process.ts';
import { residentMb } from './resident.ts';

export interface OverRolloutsOptions {
  rollouts: number;
  /** A line for a person. */
  say: (line: string) => void;
}

/** Rollouts side by side, each of a Deployment of its own. */
const LANES = 10;
/** What the playground's own processes may hold at most, in MB: as with 1,000 pods. */
const MOST_MB = 400;

/** What a fresh playground holds after many rollouts, and what the second half of them added. */
export async function memoryOverRollouts({ rollouts, say }: OverRolloutsOptions): Promise<Measured[]> {
  const playground = await startPlaygroundProcess();
  try {
    const cluster = await connectCluster({ kubeconfigs: [playground.kubeconfig] }, { fieldManager: 'bench' });
    const heldMb = () => residentMb(playground.pid);
    try {
      const before = heldMb();
      const marks = await rollOut(cluster, rollouts, heldMb, say);
      const half = marks[Math.floor(marks.length / 2)] ?? before;
      const after = marks.at(-1) ?? before;
      return [
        measured(`after ${rollouts} rollouts`, after, `${Math.round(before)} MB before`, MOST_MB),
        measured(
          'added by the second half of them',
          after - half,
          `${Math.round(half)} MB after the first half`,
          MOST_MB / 4,
        ),
      ];
    } finally {
      await cluster.close();
    }
  } finally {
    await playground.close();
  }
}

/** @returns what was held after each tenth of the rollouts */
async function rollOut(
  cluster: Cluster,
  rollouts: number,
  heldMb: () => number,
  say: (line: string) => void,
): Promise<number[]> {
  const marks: number[] = [];
  let done = 0;
  const lane = async (index: number): Promise<void> => {
    const name = `quiet-${index}`;
    await cluster.apply(quiet(name, 0));
    for (;;) {
      await rolledOut(cluster, name);
      if (done >= rollouts) return;
      done += 1;
      if (done % Math.max(1, rollouts / 10) === 0) {
        marks.push(heldMb());
        say(`${done} rollouts: ${Math.round(marks.at(-1) ?? 0)} MB`);
      }
      await cluster.apply(quiet(name, done));
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, index) => lane(index)));
  return marks;
}

/** A pod that does nothing, quickly replaced. */
function quiet(name: string, revision: number): Deployment & { apiVersion: string; kind: string } {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { revision: String(revision) } },
        spec: { containers: [{ name: 'quiet', image: 'quiet', command: ['sleep', '86400'] }] },
      },
    },
  };
}

async function rolledOut(cluster: Cluster, name: string): Promise<void> {
  await waitFor(
    async () => {
      const found = await cluster.get<Deployment>(resources.deployments, name);
      const { observedGeneration, updatedReplicas, availableReplicas, replicas } = found?.status ?? {};
      return (
        observedGeneration === found?.metadata.generation &&
        [updatedReplicas, availableReplicas, replicas].every((count) => count === 1)
      );
    },
    { deadlineMs: 60_000, what: `${name} to be rolled out` },
  );
}

const measured = (what: string, mb: number, against: string, limit: number): Measured => ({
  name: `memory ${what}`,
  value: Math.round(mb),
  unit: 'MB',
  limit,
  against,
});
