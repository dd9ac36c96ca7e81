import { isObject, type JsonObject } from '../../../storage/json.ts';
import { required, unsupported, type FieldError } from '../../status-error.ts';

const SUBJECTS = ['ServiceAccount', 'User', 'Group'];

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '';
const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

/**
 * Validates role bindings: each has a role and subjects.
 * https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/role-binding-v1/
 */
export const validateBinding =
  (roles: readonly string[]) =>
  ({ roleRef, subjects }: JsonObject): FieldError[] => {
    const { kind = '', name } = objectOf(roleRef);
    return [
      ...(roles.includes(kind as string) ? [] : [unsupported('roleRef.kind', kind ?? '', [...roles])]),
      ...(isEmpty(name) ? [required('roleRef.name')] : []),
      ...(Array.isArray(subjects) ? subjects : []).flatMap((subject, index) =>
        subjectErrors(objectOf(subject), `subjects[${index}]`),
      ),
    ];
  };

function subjectErrors({ kind = '', name, namespace }: JsonObject, field: string): FieldError[] {
  return [
    ...(isEmpty(name) ? [required(`${field}.name`)] : []),
    ...(kind === 'ServiceAccount' && isEmpty(namespace) ? [required(`${field}.namespace`)] : []),
    ...(SUBJECTS.includes(kind as string) ? [] : [unsupported(`${field}.kind`, kind, SUBJECTS)]),
  ];
}
