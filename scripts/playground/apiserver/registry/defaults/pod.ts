import { isObject, type JsonObject } from '../../../storage/json.ts';

/**
 * Defaulting of pods and pod templates. Values: kubernetes
 * pkg/apis/core/v1/defaults.go, checked against recorded answers.
 */

export function setDefault(target: JsonObject, field: string, value: unknown): void {
  target[field] ??= value;
}

export function objectsOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function objectAt(target: JsonObject, field: string): JsonObject {
  const value = target[field];
  if (isObject(value)) return value;
  const created: JsonObject = {};
  target[field] = created;
  return created;
}

function defaultHttpGet(action: unknown): void {
  if (!isObject(action) || !isObject(action['httpGet'])) return;
  setDefault(action['httpGet'], 'path', '/');
  setDefault(action['httpGet'], 'scheme', 'HTTP');
}

function defaultProbe(probe: unknown): void {
  if (!isObject(probe)) return;
  defaultHttpGet(probe);
  setDefault(probe, 'timeoutSeconds', 1);
  setDefault(probe, 'periodSeconds', 10);
  setDefault(probe, 'successThreshold', 1);
  setDefault(probe, 'failureThreshold', 3);
  if (isObject(probe['grpc'])) setDefault(probe['grpc'], 'service', '');
}

/** No tag or `latest` means the registry is asked every time. */
function pullPolicy(image: unknown): string {
  if (typeof image !== 'string') return 'IfNotPresent';
  if (image.includes('@')) return 'IfNotPresent';
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultContainer(container: JsonObject): void {
  setDefault(container, 'resources', {});
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'imagePullPolicy', pullPolicy(container['image']));
  for (const port of objectsOf(container['ports'])) setDefault(port, 'protocol', 'TCP');
  for (const entry of objectsOf(container['env'])) {
    const from = entry['valueFrom'];
    if (isObject(from) && isObject(from['fieldRef'])) setDefault(from['fieldRef'], 'apiVersion', 'v1');
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) defaultProbe(container[probe]);
  if (isObject(container['lifecycle'])) {
    defaultHttpGet(container['lifecycle']['preStop']);
    defaultHttpGet(container['lifecycle']['postStart']);
  }
}

const VOLUME_WITH_MODE = ['secret', 'configMap', 'projected', 'downwardAPI'];
const FILE_MODE = 0o644;

function defaultVolume(volume: JsonObject): void {
  if (Object.keys(volume).every((field) => field === 'name')) volume['emptyDir'] = {};
  for (const source of VOLUME_WITH_MODE) {
    const value = volume[source];
    if (isObject(value)) setDefault(value, 'defaultMode', FILE_MODE);
  }
  if (isObject(volume['hostPath'])) setDefault(volume['hostPath'], 'type', '');
}

export function defaultPodSpec(spec: JsonObject): void {
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'securityContext', {});
  setDefault(spec, 'schedulerName', 'default-scheduler');
  if (typeof spec['serviceAccountName'] === 'string') spec['serviceAccount'] = spec['serviceAccountName'];
  else if (typeof spec['serviceAccount'] === 'string') spec['serviceAccountName'] = spec['serviceAccount'];
  for (const list of ['initContainers', 'containers']) objectsOf(spec[list]).forEach(defaultContainer);
  objectsOf(spec['volumes']).forEach(defaultVolume);
}

export function defaultPodTemplate(owner: JsonObject): void {
  if (!isObject(owner['template'])) return;
  const { template } = owner;
  if (isObject(template['spec'])) defaultPodSpec(template['spec']);
}

const NOT_READY_TOLERATION_SECONDS = 300;

/** What only a pod itself gets: defaults of its own and of the admission plugins every cluster runs. */
export function defaultPod(pod: JsonObject): void {
  const spec = objectAt(pod, 'spec');
  defaultPodSpec(spec);
  setDefault(spec, 'serviceAccountName', 'default');
  setDefault(spec, 'serviceAccount', spec['serviceAccountName']);
  setDefault(spec, 'enableServiceLinks', true);
  setDefault(spec, 'priority', 0);
  setDefault(spec, 'preemptionPolicy', 'PreemptLowerPriority');
  const tolerations = objectsOf(spec['tolerations']);
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    if (
      tolerations.some(
        (one) => one['key'] === key || (one['key'] === undefined && one['operator'] === 'Exists'),
      )
    )
      continue;
    tolerations.push({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: NOT_READY_TOLERATION_SECONDS,
    });
  }
  spec['tolerations'] = tolerations;
  for (const container of [...objectsOf(spec['initContainers']), ...objectsOf(spec['containers'])])
    requestWhatIsLimited(container);
}

/** A limit without a request is a request of the same size. */
function requestWhatIsLimited(container: JsonObject): void {
  const resources = container['resources'];
  if (!isObject(resources) || !isObject(resources['limits'])) return;
  resources['requests'] = {
    ...resources['limits'],
    ...(isObject(resources['requests']) ? resources['requests'] : {}),
  };
}

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClass(spec: JsonObject): string {
  const containers = [...objectsOf(spec['initContainers']), ...objectsOf(spec['containers'])];
  const resources = containers.map((container) =>
    isObject(container['resources']) ? container['resources'] : {},
  );
  const has = (kind: string) =>
    resources.some((one) => isObject(one[kind]) && Object.keys(one[kind]).length > 0);
  if (!has('limits') && !has('requests')) return 'BestEffort';
  const guaranteed = resources.every(({ limits, requests }) =>
    ['cpu', 'memory'].every(
      (name) =>
        isObject(limits) &&
        limits[name] !== undefined &&
        isObject(requests) &&
        requests[name] === limits[name],
    ),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
