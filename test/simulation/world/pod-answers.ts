/** Who answers on which port inside which pod: Envoy's admin, istiod's debug port, the app itself. */
import { ClusterError } from '../../../scripts/shared/cluster/errors.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { PodAnswers } from '../operator/connection.ts';
import { ISTIO_NAMESPACE, PORT } from './manifests.ts';
import type { PodRegistry } from './pods.ts';

const ENVOY_ADMIN_PORT = 15000;
const ISTIOD_DEBUG_PORT = 15014;

export function createPodAnswers(mesh: Mesh, pods: PodRegistry): PodAnswers {
  return {
    ask({ namespace, pod: name, port }, path) {
      const refused = () =>
        new ClusterError(`${namespace}/${name}:${port}: connection refused`, {
          status: 0,
          reason: 'Unreachable',
        });
      if (port === ISTIOD_DEBUG_PORT && namespace === ISTIO_NAMESPACE) {
        const istiod = mesh.istiods.find((one) => one.name === name);
        const body = istiod?.isUp ? istiod.answer(path) : undefined;
        if (body === undefined) throw refused();
        return { status: 200, body };
      }
      const pod = pods.byName(namespace, name);
      if (pod === undefined)
        throw new ClusterError(`pods "${name}" not found`, { status: 404, reason: 'NotFound' });
      if (port === ENVOY_ADMIN_PORT) {
        const proxy = mesh.proxies.get(`${namespace}/${name}`);
        if (!proxy?.isUp) throw refused();
        return proxy.isFrozen() ? undefined : mesh.ask(proxy, path);
      }
      if (port !== PORT || pod.state !== 'serving') throw refused();
      return { status: 200, body: 'ok', headers: { 'x-version': pod.version } };
    },
  };
}
