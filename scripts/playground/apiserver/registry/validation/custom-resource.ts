import { isObject } from '../../../storage/json.ts';
import { fieldSchema } from '../schema/schema.ts';
import type { Schema } from '../schema/types.ts';
import type { FieldError } from '../../status-error.ts';

/** Checks a custom resource against its schema, in the words of the API server's OpenAPI validation. */
export function validateBySchema(schema: Schema, object: unknown): FieldError[] {
  const errors = visit(schema, object, '');
  if (errors.length === 0) return [];
  const incomplete: FieldError = {
    field: '<nil>',
    reason: 'FieldValueInvalid',
    message:
      'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  };
  return [...errors, incomplete];
}

const jsonType = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);

function wrongType(path: string, value: unknown, wanted: string): FieldError[] {
  const given = JSON.stringify(jsonType(value));
  return [
    {
      field: path,
      reason: 'FieldValueTypeInvalid',
      message: `Invalid value: ${given}: ${path} in body must be of type ${wanted}: ${given}`,
    },
  ];
}

function visit(schema: Schema, value: unknown, path: string): FieldError[] {
  if (value === undefined || value === null) return [];
  const at = (field: string) => (path === '' ? field : `${path}.${field}`);
  switch (schema.kind) {
    case 'struct':
      if (!isObject(value)) return wrongType(path, value, 'object');
      return [
        ...[...schema.required]
          .filter((field) => value[field] === undefined)
          .map((field): FieldError => ({
            field: at(field),
            reason: 'FieldValueRequired',
            message: 'Required value',
          })),
        ...Object.entries(value).flatMap(([field, inner]) => {
          const known = fieldSchema(schema, field);
          return known === undefined || field === 'metadata' ? [] : visit(known, inner, at(field));
        }),
      ];
    case 'map':
      if (!isObject(value)) return wrongType(path, value, 'object');
      return Object.entries(value).flatMap(([field, inner]) => visit(schema.value, inner, at(field)));
    case 'list':
      if (!Array.isArray(value)) return wrongType(path, value, 'array');
      return value.flatMap((item, index) => visit(schema.item, item, `${path}[${index}]`));
    case 'scalar':
      return visitScalar(schema.type, value, path);
    default:
      return [];
  }
}

function visitScalar(type: string, value: unknown, path: string): FieldError[] {
  const wanted = { string: 'string', bool: 'boolean', int32: 'integer', int64: 'integer', double: 'number' }[
    type
  ];
  if (wanted === undefined) return [];
  if (wanted === 'integer') return Number.isInteger(value) ? [] : wrongType(path, value, wanted);
  return typeof value === wanted ? [] : wrongType(path, value, wanted);
}
