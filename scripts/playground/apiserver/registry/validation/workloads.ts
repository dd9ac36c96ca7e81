import { isObject, type JsonObject, deepEqual } from '../../../storage/json.ts';
import { objectsOf } from '../defaults/pod.ts';
import { invalidValue, required, type FieldError } from '../../status-error.ts';
import type { KubeObject } from '../../../storage/types.ts';
import { validatePodSpec } from './pod.ts';

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

function validateSelectorAndTemplate(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const selector = objectOf(spec['selector']);
  const matchLabels = objectOf(selector['matchLabels']);
  const expressions = objectsOf(selector['matchExpressions']);
  const isEmpty = Object.keys(matchLabels).length === 0 && expressions.length === 0;
  if (spec['selector'] === undefined) errors.push(required('spec.selector'));
  else if (isEmpty)
    errors.push(invalidValue('spec.selector', spec['selector'], 'empty selector is invalid for deployment'));
  const template = objectOf(spec['template']);
  const labels = objectOf(objectOf(template['metadata'])['labels']);
  const selects = !isEmpty && Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  if (!selects) {
    errors.push(
      invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'),
    );
  }
  errors.push(...validatePodSpec(objectOf(template['spec']), 'spec.template.spec'));
  return errors;
}

function validateReplicas(spec: JsonObject): FieldError[] {
  const replicas = spec['replicas'];
  return typeof replicas === 'number' && replicas < 0
    ? [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')]
    : [];
}

function isZero(value: unknown): boolean {
  return value === 0 || value === '0%' || value === '0';
}

function validateStrategy(spec: JsonObject): FieldError[] {
  const strategy = objectOf(spec['strategy']);
  const rolling = strategy['rollingUpdate'];
  if (strategy['type'] === 'Recreate' && isObject(rolling)) {
    return [
      {
        field: 'spec.strategy.rollingUpdate',
        reason: 'FieldValueForbidden',
        message: "Forbidden: may not be specified when strategy `type` is 'Recreate'",
      },
    ];
  }
  if (isObject(rolling) && isZero(rolling['maxUnavailable']) && isZero(rolling['maxSurge'])) {
    return [
      invalidValue(
        'spec.strategy.rollingUpdate.maxUnavailable',
        rolling['maxUnavailable'],
        'may not be 0 when `maxSurge` is 0',
      ),
    ];
  }
  return [];
}

function validateImmutableSelector(spec: JsonObject, previous: KubeObject | undefined): FieldError[] {
  if (previous === undefined) return [];
  const old = objectOf(previous.spec)['selector'];
  return deepEqual(spec['selector'], old)
    ? []
    : [invalidValue('spec.selector', spec['selector'], 'field is immutable')];
}

/**
 * The pods that an object makes. A StatefulSet's are judged one by one, as on a cluster: its claims are
 * volumes that its template does not name.
 */
export const validateTemplateAt =
  (...path: string[]) =>
  (object: JsonObject): FieldError[] => {
    const template = path.reduce((at, name) => objectOf(at[name]), object);
    return validatePodSpec(objectOf(template['spec']), `${path.join('.')}.spec`);
  };

export function validateDeployment(deployment: JsonObject, previous: KubeObject | undefined): FieldError[] {
  const spec = objectOf(deployment['spec']);
  return [
    ...validateReplicas(spec),
    ...validateSelectorAndTemplate(spec),
    ...validateStrategy(spec),
    ...validateImmutableSelector(spec, previous),
  ];
}

export function validateReplicaSet(replicaSet: JsonObject, previous: KubeObject | undefined): FieldError[] {
  const spec = objectOf(replicaSet['spec']);
  return [
    ...validateReplicas(spec),
    ...validateSelectorAndTemplate(spec),
    ...validateImmutableSelector(spec, previous),
  ];
}
