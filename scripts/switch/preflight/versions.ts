/** Checks that Kubernetes and Istio are not older than the switch needs. */
import type { Proxy } from '../proofs/proxies.ts';
import { refuse } from '../refuse.ts';

/** autoscaling/v2: https://kubernetes.io/blog/2021/12/07/kubernetes-1-23-release-announcement/ */
const LEAST_KUBERNETES = [1, 23] as const;
/** networking.istio.io/v1 came with 1.22; with 1.23 istiod's `/debug/syncz` says why a proxy rejects. */
const LEAST_ISTIO = [1, 23] as const;

/**
 * `Istio 1.31.0, Kubernetes v1.36.4`. Refuses a version that is too old; an unknown one counts as new enough.
 */
export function verifyVersions(
  kubernetes: string,
  proxies: Pick<Proxy, 'istioVersion'>[],
  leastIstio: readonly [number, number] = LEAST_ISTIO,
): string {
  const istio = [...new Set(proxies.flatMap(({ istioVersion }) => istioVersion ?? []))].sort(byVersion);
  if (isOlder(kubernetes, LEAST_KUBERNETES))
    refuse(
      `Kubernetes ${kubernetes} is older than ${LEAST_KUBERNETES.join('.')}, the oldest this switch works with`,
    );
  const old = istio.find((version) => isOlder(version, leastIstio));
  if (old !== undefined)
    refuse(`A proxy runs Istio ${old}; the oldest this switch works with is ${leastIstio.join('.')}`);
  const named = istio.length === 0 ? [] : [`Istio ${istio.join(' and ')}`];
  return [...named, `Kubernetes ${kubernetes}`].join(', ');
}

function parse(version: string): [number, number] | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const found = parse(version);
  return found !== undefined && (found[0] < major || (found[0] === major && found[1] < minor));
}

function byVersion(a: string, b: string): number {
  const [[majorA, minorA], [majorB, minorB]] = [parse(a) ?? [0, 0], parse(b) ?? [0, 0]];
  return majorA - majorB || minorA - minorB || a.localeCompare(b);
}
