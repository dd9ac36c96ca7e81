import { isObject, type JsonObject } from '../../../storage/json.ts';
import { invalidValue, required, type FieldError } from '../../status-error.ts';

const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/ */
export function validateAutoscaler(hpa: JsonObject): FieldError[] {
  const spec = objectOf(hpa['spec']);
  const target = objectOf(spec['scaleTargetRef']);
  const { minReplicas, maxReplicas } = spec;
  const errors: FieldError[] = [];
  if (typeof minReplicas === 'number' && minReplicas < 1)
    errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  if (typeof maxReplicas !== 'number' || maxReplicas < 1)
    errors.push(invalidValue('spec.maxReplicas', maxReplicas ?? 0, 'must be greater than 0'));
  else if (typeof minReplicas === 'number' && maxReplicas < minReplicas)
    errors.push(
      invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'),
    );
  if (typeof target['kind'] !== 'string' || target['kind'] === '')
    errors.push(required('spec.scaleTargetRef.kind'));
  if (typeof target['name'] !== 'string' || target['name'] === '')
    errors.push(required('spec.scaleTargetRef.name'));
  const { apiVersion } = target;
  if (
    target['kind'] !== 'ReplicationController' &&
    (typeof apiVersion !== 'string' || !apiVersion.includes('/'))
  )
    errors.push(
      invalidValue('spec.scaleTargetRef.apiVersion', apiVersion ?? '', 'apiVersion must specify API group'),
    );
  return errors;
}
