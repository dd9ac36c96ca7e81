import { isObject, type JsonObject } from '../../../storage/json.ts';
import { validateConfigKeys } from '../names.ts';
import { invalidValue, type FieldError } from '../../status-error.ts';

const MAX_BYTES = 1024 * 1024;

const sizeOf = (entries: unknown): number =>
  isObject(entries)
    ? Object.values(entries).reduce<number>(
        (sum, value) => sum + (typeof value === 'string' ? Buffer.byteLength(value) : 0),
        0,
      )
    : 0;

export function validateConfigMap(configMap: JsonObject): FieldError[] {
  const { data, binaryData } = configMap;
  const twice = Object.keys(isObject(binaryData) ? binaryData : {}).filter(
    (key) => isObject(data) && Object.hasOwn(data, key),
  );
  return [
    ...validateConfigKeys(data, 'data'),
    ...validateConfigKeys(binaryData, 'binaryData'),
    ...twice.flatMap((key) => [
      invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'),
      invalidValue(`binaryData[${key}]`, key, 'duplicate of key present in data'),
    ]),
    ...validateSize(sizeOf(data) + sizeOf(binaryData)),
  ];
}

/** `stringData` becomes `data` before a cluster looks at it. */
export function validateSecret({ data, stringData }: JsonObject): FieldError[] {
  const added = isObject(stringData) ? stringData : {};
  return validateConfigKeys({ ...(isObject(data) ? data : {}), ...added }, 'data');
}

function validateSize(bytes: number): FieldError[] {
  if (bytes <= MAX_BYTES) return [];
  return [
    {
      field: '[]',
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_BYTES} bytes`,
    },
  ];
}
