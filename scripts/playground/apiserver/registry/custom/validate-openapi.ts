import { deepEqual, isObject, type JsonObject } from '../../../storage/json.ts';
import { invalidValue, required, type FieldError } from '../../status-error.ts';

/**
 * Checks a custom resource against its `openAPIV3Schema`, in the words
 * of the API server. Rules in CEL are not evaluated.
 */
export function validateOpenApi(openApi: JsonObject, object: JsonObject): FieldError[] {
  const errors = Object.entries(propertiesOf(openApi)).flatMap(([field, inner]) =>
    field === 'metadata' || field === 'apiVersion' || field === 'kind' || object[field] === undefined
      ? []
      : visit(inner, object[field], field),
  );
  return [...missing(openApi, object, ''), ...errors];
}

const propertiesOf = (openApi: JsonObject): JsonObject =>
  isObject(openApi['properties']) ? openApi['properties'] : {};

function missing(openApi: JsonObject, value: JsonObject, path: string): FieldError[] {
  const names = Array.isArray(openApi['required']) ? openApi['required'].map(String) : [];
  return names
    .filter((name) => value[name] === undefined)
    .map((name) => required(path === '' ? name : `${path}.${name}`));
}

const jsonType = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
};

function isOfType(value: unknown, type: unknown, openApi: JsonObject): boolean {
  const given = jsonType(value);
  if (openApi['x-kubernetes-int-or-string'] === true) return given === 'integer' || given === 'string';
  if (typeof type !== 'string') return true;
  return given === type || (type === 'number' && given === 'integer');
}

const typeName = (schema: JsonObject): string =>
  schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : String(schema['type']);

function visit(schema: unknown, value: unknown, path: string): FieldError[] {
  if (!isObject(schema)) return [];
  if (value === null && schema['nullable'] === true) return [];
  if (!isOfType(value, schema['type'], schema)) {
    const given = JSON.stringify(jsonType(value));
    return [
      {
        field: path,
        reason: 'FieldValueTypeInvalid',
        message: `Invalid value: ${given}: ${path} in body must be of type ${typeName(schema)}: ${given}`,
      },
    ];
  }
  return [...ofValue(schema, value, path), ...within(schema, value, path), ...ofChoices(schema, value, path)];
}

function within(schema: JsonObject, value: unknown, path: string): FieldError[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => visit(schema['items'], item, `${path}[${index}]`));
  if (!isObject(value)) return [];
  const properties = propertiesOf(schema);
  return [
    ...missing(schema, value, path),
    ...(schema['x-kubernetes-embedded-resource'] === true ? identityMissing(value, path) : []),
    ...Object.entries(value).flatMap(([field, inner]) =>
      visit(properties[field] ?? schema['additionalProperties'], inner, `${path}.${field}`),
    ),
  ];
}

/** An embedded object says what it is. */
function identityMissing(value: JsonObject, path: string): FieldError[] {
  return ['apiVersion', 'kind']
    .filter((field) => value[field] === undefined)
    .map((field) => required(`${path}.${field}`, 'must not be empty'));
}

function ofValue(schema: JsonObject, value: unknown, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (rule: string, shown: unknown = value) => {
    errors.push(invalidValue(path, shown, `${path} in body ${rule}`));
  };
  const number = (name: string): number | undefined =>
    typeof schema[name] === 'number' ? schema[name] : undefined;
  const values = schema['enum'];
  if (Array.isArray(values) && !values.some((one) => deepEqual(one, value))) {
    errors.push({
      field: path,
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${values.map((one) => JSON.stringify(one)).join(', ')}`,
    });
  }
  if (typeof value === 'number') {
    const [least, most] = [number('minimum'), number('maximum')];
    if (least !== undefined && value < least) wrong(`should be greater than or equal to ${least}`);
    if (most !== undefined && value > most) wrong(`should be less than or equal to ${most}`);
  }
  if (typeof value === 'string') {
    const [least, most] = [number('minLength'), number('maxLength')];
    if (least !== undefined && value.length < least) wrong(`should be at least ${least} chars long`);
    if (most !== undefined && value.length > most) {
      const message = `Too long: may not be more than ${most} bytes`;
      errors.push({ field: path, reason: 'FieldValueTooLong', message });
    }
    if (typeof schema['pattern'] === 'string' && !matches(value, schema['pattern']))
      wrong(`should match '${schema['pattern']}'`);
  }
  if (Array.isArray(value)) {
    const [least, most] = [number('minItems'), number('maxItems')];
    if (least !== undefined && value.length < least)
      wrong(`should have at least ${least} items`, value.length);
    if (most !== undefined && value.length > most) {
      const message = `Too many: ${value.length}: must have at most ${most} items`;
      errors.push({ field: path, reason: 'FieldValueInvalid', message });
    }
  }
  return errors;
}

function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    // Written for Go's engine: what this one cannot read it does not refuse.
    return true;
  }
}

function ofChoices(schema: JsonObject, value: unknown, path: string): FieldError[] {
  const count = (choices: unknown): number =>
    Array.isArray(choices) ? choices.filter((one) => visit(one, value, path).length === 0).length : 0;
  const errors: FieldError[] = [];
  if (Array.isArray(schema['anyOf']) && count(schema['anyOf']) === 0)
    errors.push(invalidValue(path, value, `${path} in body must validate at least one schema (anyOf)`));
  if (Array.isArray(schema['oneOf']) && count(schema['oneOf']) !== 1)
    errors.push(invalidValue(path, value, `${path} in body must validate one and only one schema (oneOf)`));
  if (Array.isArray(schema['allOf']))
    errors.push(...schema['allOf'].flatMap((one) => visit(one, value, path)));
  if (isObject(schema['not']) && visit(schema['not'], value, path).length === 0)
    errors.push(invalidValue(path, value, `${path} in body must not validate the schema (not)`));
  return errors;
}
