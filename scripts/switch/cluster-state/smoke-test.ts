/** The smoke test: one request directly to each pod of the candidate, before it gets traffic. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { isTransient } from '../../shared/cluster/errors.ts';
import { CommandError, messageOf } from '../../shared/errors.ts';
import type { Deployment, Pod, Service } from '../../shared/kubernetes.ts';
import { printable } from '../../shared/printable.ts';
import { SHORT_ANSWER_LIMIT_BYTES, TooLongError } from '../../shared/read-text.ts';
import { portOf } from '../../shared/deployment-ready.ts';

/** Annotation on the Deployment: the path to request. Default: the path of the readiness probe. */
export const SMOKE_ANNOTATION = 'zero-downtime/smoke-test';

export interface SmokeTest {
  path: string;
  port: number;
}

export function smokeTestOf(service: Service, { metadata, spec }: Deployment): SmokeTest | undefined {
  const target = service.spec.ports?.[0];
  const wanted = target?.targetPort ?? target?.port;
  // Read the template's probe: in the pod Istio has rewritten the probe to the sidecar's agent.
  const { containers } = spec.template.spec;
  const container =
    containers.find(({ ports = [] }) =>
      ports.some(({ name, containerPort }) => name === wanted || containerPort === wanted),
    ) ?? containers[0];
  const port = container && wanted !== undefined ? portOf(container, wanted) : undefined;
  const path = metadata.annotations?.[SMOKE_ANNOTATION] ?? container?.readinessProbe?.httpGet?.path ?? '/';
  return port === undefined ? undefined : { path, port };
}

/** There was no answer at all. The connection may be the reason, so it is retried. */
export class NoAnswerError extends CommandError {}

/**
 * Throws when a pod answers with an error, not at all, or as another version.
 * @param version that the pod must say it is; undefined: not checked
 */
export async function smokeTest(
  cluster: Cluster,
  pod: Pod,
  { path, port }: SmokeTest,
  version: string | undefined,
): Promise<void> {
  const { name, namespace = cluster.namespace } = pod.metadata;
  const forward = cluster.forward(namespace, name, port);
  try {
    const limitBytes = SHORT_ANSWER_LIMIT_BYTES;
    const { status, headers } = await forward.request(path, { timeoutMs: 5000, limitBytes });
    if (status >= 500) throw new CommandError(`pod ${name}: GET ${path} answered ${status}`);
    const own = headers['x-version'];
    if (own !== undefined && version !== undefined && own !== version) {
      throw new CommandError(
        `pod ${name}: GET ${path} answered as ${printable(String(own), 100)}, not as ${version}`,
      );
    }
  } catch (error) {
    if (error instanceof CommandError && error.constructor === CommandError) throw error;
    if (error instanceof TooLongError)
      throw new CommandError(`pod ${name}: ${error.message}`, { cause: error });
    const message = `pod ${name}: GET ${path} got no answer: ${messageOf(error)}`;
    throw isTransient(error)
      ? new NoAnswerError(message, { cause: error })
      : new CommandError(message, { cause: error });
  } finally {
    forward.close();
  }
}
