import { deepCopy, deepEqual, isObject, setField, type JsonObject } from '../../../storage/json.ts';
import { badRequest, StatusError } from '../../status-error.ts';

/** Whatever fails in a JSON patch, the API server's answer is this one text. */
const rejected = () =>
  new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});

const MAX_OPERATIONS = 10_000;

/** JSON patch, RFC 6902. */
export function jsonPatch(target: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) {
    const given = isObject(operations) ? 'object' : typeof operations;
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${given} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (operations.length > MAX_OPERATIONS) {
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`,
    );
  }
  const root = { '': deepCopy(target) };
  for (const operation of operations) applyOperation(root, operation);
  return root[''];
}

function applyOperation(root: { '': unknown }, operation: unknown): void {
  if (!isObject(operation)) throw rejected();
  const { op, path, from, value } = operation;
  const at = locate(root, path);
  switch (op) {
    case 'add': {
      add(at, deepCopy(value ?? null));
      return;
    }
    case 'remove':
      return void remove(at);
    case 'replace':
      if (read(at) === undefined) throw rejected();
      {
        replace(at, deepCopy(value ?? null));
        return;
      }
    case 'move': {
      add(locate(root, path), remove(locate(root, from)));
      return;
    }
    case 'copy': {
      const copied = read(locate(root, from));
      if (copied === undefined) throw rejected();
      add(at, deepCopy(copied));
      return;
    }
    case 'test':
      if (!deepEqual(read(at) ?? null, value ?? null)) throw rejected();
      return;
    default:
      throw rejected();
  }
}

interface Location {
  parent: unknown;
  key: string;
}

function locate(root: { '': unknown }, pointer: unknown): Location {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/'))) throw rejected();
  const keys = pointer.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  let parent: unknown = root;
  for (const key of keys.slice(0, -1)) parent = read({ parent, key });
  if (!isObject(parent) && !Array.isArray(parent)) throw rejected();
  return { parent, key: keys.at(-1) ?? '' };
}

function indexIn(list: unknown[], key: string): number {
  if (!/^(0|-?[1-9]\d*)$/.test(key)) throw rejected();
  const index = Number(key) < 0 ? list.length + Number(key) : Number(key);
  if (index < 0 || index > list.length) throw rejected();
  return index;
}

function read({ parent, key }: Location): unknown {
  if (Array.isArray(parent)) return parent[indexIn(parent, key)];
  if (!isObject(parent)) throw rejected();
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function add({ parent, key }: Location, value: unknown): void {
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : indexIn(parent, key), 0, value);
  else setField(parent as JsonObject, key, value);
}

function replace({ parent, key }: Location, value: unknown): void {
  if (Array.isArray(parent)) parent[indexIn(parent, key)] = value;
  else setField(parent as JsonObject, key, value);
}

function remove(at: Location): unknown {
  const value = read(at);
  if (value === undefined) throw rejected();
  if (Array.isArray(at.parent)) at.parent.splice(indexIn(at.parent, at.key), 1);
  else Reflect.deleteProperty(at.parent as JsonObject, at.key);
  return value;
}
