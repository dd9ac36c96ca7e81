import { randomBytes } from 'node:crypto';
import { readOutputLine, type Account, type LoadProcess, type LoadProcessOptions } from '../../load/index.ts';
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { CommandError } from '../../shared/errors.ts';
import type { Pod } from '../../shared/kubernetes.ts';
import { resources } from '../../shared/resources.ts';
import { waitFor } from '../../shared/wait.ts';
import { imageTrouble, UnfitEnvironmentError } from '../verify-pods.ts';
import { loadJob } from './load-job.ts';

/** A pod whose image is there starts in seconds. */
const startsWithinMs = 60_000;

/**
 * The load as a Job beside the service, for a cluster whose ports cannot
 * be reached from here. Its output comes back through the API server, as
 * its log. It is stopped as any pod is: at SIGTERM it writes its account.
 */
export async function startLoadInCluster(
  cluster: Cluster,
  { image, signal, ...load }: LoadProcessOptions & { image: string; signal: AbortSignal },
): Promise<LoadProcess> {
  const name = `load-${randomBytes(3).toString('hex')}`;
  await cluster.create(await loadJob(name, { namespace: cluster.namespace, image, load }), { signal });
  const over = new AbortController();
  const remove = async (): Promise<void> => {
    over.abort();
    await cluster.delete(resources.jobs, name).catch(() => undefined);
  };
  let pod: Pod;
  try {
    pod = await startedPod(cluster, name, image, signal);
  } catch (error) {
    await remove();
    throw error;
  }
  let begun: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (begun = resolve));
  const follow = async (): Promise<Account> => {
    const said: string[] = [];
    const { signal: ended } = over;
    for await (const line of cluster.followLog(pod.metadata.name, 'load', ended)) {
      const output = readOutputLine(line);
      if (output === undefined) {
        if (said.length < 20) said.push(line);
      } else if ('account' in output) return output.account;
      else {
        begun();
        load.onProgress?.(output.progress);
      }
    }
    throw new CommandError(`The load in pod ${pod.metadata.name} gave no account. ${said.join(' ')}`);
  };
  const account = follow();
  account.catch(() => undefined);
  const started = Promise.race([first, account.then(() => undefined)]);
  started.catch(() => undefined);
  return {
    started,
    account,
    async stop() {
      await cluster.delete(resources.pods, pod.metadata.name, { uid: pod.metadata.uid });
      return account;
    },
    async kill() {
      await remove();
      await account.catch(() => undefined);
    },
  };
}

/** @throws UnfitEnvironmentError when its image cannot be pulled */
function startedPod(cluster: Cluster, job: string, image: string, signal: AbortSignal): Promise<Pod> {
  return waitFor(
    async () => {
      const [pod] = await cluster.list<Pod>(resources.pods, { labelSelector: `job-name=${job}`, signal });
      const trouble = pod && imageTrouble(pod);
      if (trouble) {
        throw new UnfitEnvironmentError(
          `The load has to run inside the cluster, and the nodes cannot get its image ${image} (${trouble}). Name one that they can pull with --tools-image REPO:TAG (npm run image -- coffee-shop-tools makes it), or an address that serves here with --address URL.`,
        );
      }
      const { state } = pod?.status?.containerStatuses?.find(({ name }) => name === 'load') ?? {};
      return state?.running || state?.terminated ? pod : undefined;
    },
    { deadlineMs: startsWithinMs, what: `the load's Job ${job} to start`, signal },
  );
}
