import { isObject, type JsonObject } from '../../../storage/json.ts';
import { objectAt, objectsOf, setDefault } from './pod.ts';

/**
 * Defaulting of Services and what stands for their endpoints. Values: kubernetes
 * pkg/apis/{core,discovery}/v1/defaults.go.
 */

export function defaultService(service: JsonObject): void {
  const spec = objectAt(service, 'spec');
  setDefault(spec, 'sessionAffinity', 'None');
  setDefault(spec, 'type', 'ClusterIP');
  for (const port of objectsOf(spec['ports'])) {
    setDefault(port, 'protocol', 'TCP');
    if (port['targetPort'] === undefined || port['targetPort'] === 0 || port['targetPort'] === '')
      port['targetPort'] = port['port'];
  }
  if (spec['type'] === 'ExternalName') return;
  setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer')
    setDefault(spec, 'externalTrafficPolicy', 'Cluster');
  if (spec['type'] === 'LoadBalancer') setDefault(spec, 'allocateLoadBalancerNodePorts', true);
  if (spec['sessionAffinity'] === 'ClientIP') {
    setDefault(objectAt(objectAt(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10_800);
  }
  setDefault(spec, 'ipFamilies', ['IPv4']);
  setDefault(spec, 'ipFamilyPolicy', 'SingleStack');
}

export function defaultEndpointSlice(slice: JsonObject): void {
  for (const port of objectsOf(slice['ports'])) {
    setDefault(port, 'name', '');
    setDefault(port, 'protocol', 'TCP');
  }
  setDefault(slice, 'endpoints', null);
  setDefault(slice, 'ports', null);
}

export function defaultEndpoints(endpoints: JsonObject): void {
  for (const subset of objectsOf(endpoints['subsets'])) {
    for (const port of objectsOf(subset['ports'])) setDefault(port, 'protocol', 'TCP');
  }
}

export function defaultNetworkPolicy(policy: JsonObject): void {
  const spec = objectAt(policy, 'spec');
  setDefault(spec, 'podSelector', {});
  setDefault(
    spec,
    'policyTypes',
    isObject(spec) && Array.isArray(spec['egress']) ? ['Ingress', 'Egress'] : ['Ingress'],
  );
}
