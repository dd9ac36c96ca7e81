import { deepEqual, isObject, type JsonObject } from '../../../storage/json.ts';
import { objectsOf } from '../defaults/pod.ts';
import { validateLabelName } from '../names.ts';
import type { KubeObject } from '../../../storage/types.ts';
import { duplicateValue, invalidValue, required, type FieldError } from '../../status-error.ts';
import { validateVolumeMounts, validateVolumes } from './volumes.ts';

const PORT_NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

function validatePortName(name: string, field: string): FieldError[] {
  if (name.length > 15) return [invalidValue(field, name, 'must be no more than 15 characters')];
  if (!PORT_NAME.test(name)) {
    return [
      invalidValue(field, name, "must contain only alphanumeric characters (a-z, 0-9), and hyphens ('-')"),
    ];
  }
  return /[a-z]/.test(name) ? [] : [invalidValue(field, name, 'must contain at least one letter (a-z)')];
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

function validateContainerPorts(container: JsonObject, field: string): FieldError[] {
  return objectsOf(container['ports']).flatMap((port, index) => {
    const at = `${field}.ports[${index}]`;
    const errors: FieldError[] = [];
    if (typeof port['name'] === 'string') errors.push(...validatePortName(port['name'], `${at}.name`));
    if (port['containerPort'] === undefined || port['containerPort'] === 0)
      errors.push(required(`${at}.containerPort`));
    else if (typeof port['containerPort'] === 'number' && !isPort(port['containerPort'])) {
      errors.push(
        invalidValue(`${at}.containerPort`, port['containerPort'], 'must be between 1 and 65535, inclusive'),
      );
    }
    return errors;
  });
}

function validateHandlerPort(handler: unknown, field: string): FieldError[] {
  const action = isObject(handler) ? (handler['httpGet'] ?? handler['tcpSocket']) : undefined;
  if (!isObject(action) || !isObject(handler)) return [];
  const at = `${field}.${handler['httpGet'] === undefined ? 'tcpSocket' : 'httpGet'}.port`;
  const { port } = action;
  if (typeof port === 'string') return validatePortName(port, at);
  if (typeof port === 'number' && !isPort(port))
    return [invalidValue(at, port, 'must be between 1 and 65535, inclusive')];
  return port === undefined ? [required(at)] : [];
}

function validateProbes(container: JsonObject, field: string): FieldError[] {
  return ['livenessProbe', 'readinessProbe', 'startupProbe'].flatMap((name) =>
    validateHandlerPort(container[name], `${field}.${name}`),
  );
}

function validateContainer(
  container: JsonObject,
  field: string,
  { seen, volumes }: { seen: Set<string>; volumes: Set<string> },
): FieldError[] {
  const errors: FieldError[] = [];
  const { name, image } = container;
  if (typeof name !== 'string' || name === '') errors.push(required(`${field}.name`));
  else errors.push(...validateLabelName(name, `${field}.name`));
  if (typeof image !== 'string' || image === '') errors.push(required(`${field}.image`));
  errors.push(...validateContainerPorts(container, field));
  if (typeof name === 'string' && name !== '') {
    if (seen.has(name)) errors.push(duplicateValue(`${field}.name`, name));
    seen.add(name);
  }
  errors.push(...validateVolumeMounts(container['volumeMounts'], volumes, `${field}.volumeMounts`));
  const lifecycle = isObject(container['lifecycle']) ? container['lifecycle'] : {};
  errors.push(...validateHandlerPort(lifecycle['preStop'], `${field}.lifecycle.preStop`));
  errors.push(...validateProbes(container, field));
  return errors;
}

/** `field` is the path of the spec: `spec` in a pod, `spec.template.spec` in what makes pods. */
export function validatePodSpec(spec: JsonObject, field: string): FieldError[] {
  const containers = objectsOf(spec['containers']);
  const { errors: volumeErrors, names: volumes } = validateVolumes(spec['volumes'], `${field}.volumes`);
  const known = { seen: new Set<string>(), volumes };
  const errors = [
    ...volumeErrors,
    ...objectsOf(spec['initContainers']).flatMap((container, index) =>
      validateContainer(container, `${field}.initContainers[${index}]`, known),
    ),
    ...containers.flatMap((container, index) =>
      validateContainer(container, `${field}.containers[${index}]`, known),
    ),
  ];
  return containers.length === 0 ? [required(`${field}.containers`), ...errors] : errors;
}

const MUTABLE_LATER = new Set([
  'activeDeadlineSeconds',
  'tolerations',
  'terminationGracePeriodSeconds',
  'nodeName',
  'schedulingGates',
]);

const UPDATE_RULE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A pod is what it is: after its creation only images and a few others may change. */
function validatePodUpdate(spec: JsonObject, old: JsonObject): FieldError[] {
  const comparable = (one: JsonObject) => {
    const rest = Object.fromEntries(Object.entries(one).filter(([field]) => !MUTABLE_LATER.has(field)));
    for (const list of ['containers', 'initContainers']) {
      if (Array.isArray(rest[list]))
        rest[list] = objectsOf(rest[list]).map((container) => ({ ...container, image: '' }));
    }
    return rest;
  };
  if (deepEqual(comparable(spec), comparable(old))) return [];
  return [{ field: 'spec', reason: 'FieldValueForbidden', message: `Forbidden: ${UPDATE_RULE}` }];
}

export function validatePod(pod: JsonObject, previous: KubeObject | undefined): FieldError[] {
  const spec = isObject(pod['spec']) ? pod['spec'] : {};
  const errors = validatePodSpec(spec, 'spec');
  if (previous === undefined || errors.length > 0) return errors;
  return validatePodUpdate(spec, isObject(previous.spec) ? previous.spec : {});
}
