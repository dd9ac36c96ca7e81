import type { Cluster } from '../shared/cluster/cluster.ts';
import { CommandError } from '../shared/errors.ts';
import type { Pod } from '../shared/kubernetes.ts';
import { listPods } from './rollout.ts';
import type { Scenario } from './scenarios.ts';

/** The environment lacks something that every release needs: the demo ends without the remaining runs. */
export class UnfitEnvironmentError extends CommandError {}

/** The kubelet's reasons for an image that a retry will not help. */
const hopeless = new Set(['ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName']);

/** Fails at once when an image cannot be pulled; a rollout would notice only at its deadline. */
export async function verifyImages(cluster: Cluster): Promise<void> {
  for (const pod of await listPods(cluster)) {
    const trouble = imageTrouble(pod);
    if (trouble === undefined) continue;
    const image = pod.spec.containers.find(({ name }) => name === stuckIn(pod)?.name)?.image ?? '';
    throw new UnfitEnvironmentError(
      `The nodes cannot get the image ${image} (${trouble}). Name one that they can pull with --image REPO:TAG, or make and load one: npm run image, then kind load image-archive dist/coffee-shop-1.0.0.tar`,
    );
  }
}

const stuckIn = ({ status }: Pod) =>
  status?.containerStatuses?.find(({ state }) => hopeless.has(state?.waiting?.reason ?? ''));

/** Why an image of a pod cannot be pulled, in words. */
export function imageTrouble(pod: Pod): string | undefined {
  const stuck = stuckIn(pod);
  if (!stuck) return undefined;
  const { reason = '', message = '' } = stuck.state?.waiting ?? {};
  return `pod ${pod.metadata.name}: ${reason}${message && `: ${message}`}`;
}

/** Verifies the kind of sidecar: a release without one, or with the other kind, would show something else. */
export async function verifySidecars(cluster: Cluster, { sidecar }: Scenario): Promise<void> {
  for (const { metadata, spec } of await listPods(cluster)) {
    const isProxy = ({ name }: { name: string }): boolean => name === 'istio-proxy';
    const found = spec.initContainers?.some(isProxy)
      ? 'native'
      : spec.containers.some(isProxy)
        ? 'classic'
        : 'no';
    if (found === sidecar) continue;
    throw new UnfitEnvironmentError(
      `Pod ${metadata.name} came with ${found} sidecar, this release is about a ${sidecar} one. ${
        found === 'no'
          ? 'Is injection on? istioctl analyze says.'
          : 'Native sidecars need Kubernetes 1.29 and Istio 1.27 or later.'
      }`,
    );
  }
}
