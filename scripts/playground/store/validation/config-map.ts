import { isObject, type JsonObject } from '../json.ts';
import type { FieldError } from '../status-error.ts';

const MAX_BYTES = 1024 * 1024;

const sizeOf = (entries: unknown): number =>
  isObject(entries)
    ? Object.values(entries).reduce<number>(
        (sum, value) => sum + (typeof value === 'string' ? Buffer.byteLength(value) : 0),
        0,
      )
    : 0;

export function validateConfigMap(configMap: JsonObject): FieldError[] {
  if (sizeOf(configMap['data']) + sizeOf(configMap['binaryData']) <= MAX_BYTES) return [];
  return [
    {
      field: '[]',
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_BYTES} bytes`,
    },
  ];
}
