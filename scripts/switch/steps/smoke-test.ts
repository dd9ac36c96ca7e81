/** One request to each new pod itself, before any traffic can reach it. */
import type { Cluster } from '../../shared/cluster.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import type { Pod, Service } from '../../shared/kubernetes.ts';
import { portOf } from './deployment-ready.ts';

/** On the Deployment: the path that shows that the app does its job. Without it: the path of the readiness probe. */
export const SMOKE_ANNOTATION = 'zero-downtime-coffee-shop/smoke-test';

export interface SmokeTest {
  path: string;
  port: number;
}

export function smokeTestOf(
  service: Service,
  pod: Pod,
  annotations: Record<string, string> = {},
): SmokeTest | undefined {
  const target = service.spec.ports?.[0];
  const wanted = target?.targetPort ?? target?.port;
  if (wanted === undefined) return undefined;
  const container =
    pod.spec.containers.find((candidate) => portOf(candidate, wanted) !== undefined) ??
    pod.spec.containers[0];
  const port = container && portOf(container, wanted);
  const own = annotations[SMOKE_ANNOTATION];
  // Behind Istio the probe was rewritten to the sidecar's agent; then the annotation is the only path known.
  const path = own ?? container?.readinessProbe?.httpGet?.path ?? '/';
  return port === undefined ? undefined : { path: path.startsWith('/app-health/') ? '/' : path, port };
}

/** Throws when a pod answers with an error, not at all, or as another version. */
export async function smokeTest(
  cluster: Cluster,
  pod: Pod,
  { path, port }: SmokeTest,
  version: string,
): Promise<void> {
  const { name, namespace = cluster.namespace } = pod.metadata;
  const forward = cluster.forward(namespace, name, port);
  try {
    const { status, headers } = await forward.request(path, { timeoutMs: 5000 });
    if (status >= 500) throw new CommandError(`pod ${name}: GET ${path} answered ${status}`);
    const own = headers['x-version'];
    if (own !== undefined && own !== version) {
      throw new CommandError(`pod ${name}: GET ${path} answered as ${String(own)}, not as ${version}`);
    }
  } catch (error) {
    if (error instanceof CommandError && error.constructor === CommandError) throw error;
    throw new CommandError(`pod ${name}: GET ${path} got no answer: ${messageOf(error)}`, { cause: error });
  } finally {
    forward.close();
  }
}
