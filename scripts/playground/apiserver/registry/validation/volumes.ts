/**
 * Volumes and mounts as the API server takes them: what they name becomes paths on the node. ValidateVolumes
 * and ValidateVolumeMounts,
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/core/validation/validation.go
 */
import { isObject, type JsonObject } from '../../../storage/json.ts';
import { objectsOf } from '../defaults/pod.ts';
import { validateLabelName } from '../names.ts';
import {
  duplicateValue,
  forbiddenField,
  invalidValue,
  notFoundValue,
  required,
  unsupported,
  type FieldError,
} from '../../status-error.ts';

type Validate = (source: JsonObject, field: string) => FieldError[];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const requiredText = (object: JsonObject, name: string, field: string): FieldError[] =>
  textOf(object[name]) === '' ? [required(`${field}.${name}`)] : [];

function withoutBacksteps(path: string, field: string): FieldError[] {
  return path.split('/').includes('..') ? [invalidValue(field, path, "must not contain '..'")] : [];
}

/** Below the folder that it is relative to. */
function localPath(path: string, field: string): FieldError[] {
  return [
    ...(path.startsWith('/') ? [invalidValue(field, path, 'must be a relative path')] : []),
    ...withoutBacksteps(path, field),
  ];
}

/** Names that begin with two dots are the kubelet's own: `..data`. */
function fileName(path: string, field: string): FieldError[] {
  const isReserved = path.startsWith('..') && !path.startsWith('../');
  return [
    ...localPath(path, field),
    ...(isReserved ? [invalidValue(field, path, "must not start with '..'")] : []),
  ];
}

function mode(object: JsonObject, name: string, field: string): FieldError[] {
  const value = object[name];
  return typeof value === 'number' && (value < 0 || value > 0o777)
    ? [invalidValue(`${field}.${name}`, value, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
}

function keyToPath(item: JsonObject, field: string): FieldError[] {
  return [
    ...requiredText(item, 'key', field),
    ...requiredText(item, 'path', field),
    ...fileName(textOf(item['path']), `${field}.path`),
    ...mode(item, 'mode', field),
  ];
}

const keysToPaths = (source: JsonObject, field: string): FieldError[] =>
  objectsOf(source['items']).flatMap((item, index) => keyToPath(item, `${field}.items[${index}]`));

/** Kubernetes gives no index here. */
function downwardItem(item: JsonObject, field: string): FieldError[] {
  const hasSource = isObject(item['fieldRef']) || isObject(item['resourceFieldRef']);
  return [
    ...requiredText(item, 'path', field),
    ...fileName(textOf(item['path']), `${field}.path`),
    ...(hasSource ? [] : [required(field, 'one of fieldRef and resourceFieldRef is required')]),
    ...mode(item, 'mode', field),
  ];
}

function tokenSource(source: JsonObject, sourceField: string, field: string): FieldError[] {
  const seconds = source['expirationSeconds'];
  const path = textOf(source['path']);
  return [
    ...(typeof seconds === 'number' && seconds < 600
      ? [
          invalidValue(
            `${sourceField}.expirationSeconds`,
            seconds,
            'may not specify a duration less than 10 minutes',
          ),
        ]
      : []),
    ...(path === '' ? [required(`${field}.path`)] : fileName(path, `${field}.path`)),
  ];
}

function projected(volume: JsonObject, field: string): FieldError[] {
  const seen = new Set<string>();
  /** @param shown what Kubernetes names beside the conflict: the object, where there is one */
  const unique = (items: unknown, shown?: unknown): FieldError[] =>
    objectsOf(items).flatMap((item) => {
      const path = textOf(item['path']);
      if (path === '') return [];
      if (seen.has(path)) return [invalidValue(field, shown ?? path, 'conflicting duplicate paths')];
      seen.add(path);
      return [];
    });
  const errors = objectsOf(volume['sources']).flatMap((source, index) => {
    const at = `${field}.sources[${index}]`;
    const { secret, configMap, downwardAPI, serviceAccountToken } = source;
    const named = Object.entries({ secret, configMap }).flatMap(([kind, value]) =>
      isObject(value)
        ? [
            ...requiredText(value, 'name', `${at}.${kind}`),
            ...keysToPaths(value, `${at}.${kind}`),
            ...unique(value['items'], value['name']),
          ]
        : [],
    );
    const fields = isObject(downwardAPI)
      ? [
          ...objectsOf(downwardAPI['items']).flatMap((item) => downwardItem(item, `${at}.downwardAPI`)),
          ...unique(downwardAPI['items']),
        ]
      : [];
    const token = isObject(serviceAccountToken)
      ? tokenSource(serviceAccountToken, `${at}.serviceAccountToken`, field)
      : [];
    const kinds = Object.values(source).filter(isObject).length;
    return [
      ...named,
      ...fields,
      ...token,
      ...(kinds > 1 ? [forbiddenField(at, 'may not specify more than 1 volume type per source')] : []),
    ];
  });
  return [...mode(volume, 'defaultMode', field), ...errors];
}

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function hostPath(source: JsonObject, field: string): FieldError[] {
  const path = textOf(source['path']);
  if (path === '') return [required(`${field}.path`)];
  const { type = '' } = source;
  return [
    ...withoutBacksteps(path, `${field}.path`),
    ...(HOST_PATH_TYPES.includes(textOf(type)) ? [] : [unsupported(`${field}.type`, type, HOST_PATH_TYPES)]),
  ];
}

const withFiles =
  (name: string): Validate =>
  (source, field) => [
    ...requiredText(source, name, field),
    ...mode(source, 'defaultMode', field),
    ...keysToPaths(source, field),
  ];

/** Kinds of volume that name paths, in the order in which the API server looks. */
const SOURCES = new Map<string, Validate>([
  ['emptyDir', () => []],
  ['hostPath', hostPath],
  ['gitRepo', (source, field) => localPath(textOf(source['directory']), `${field}.directory`)],
  ['secret', withFiles('secretName')],
  ['persistentVolumeClaim', (source, field) => requiredText(source, 'claimName', field)],
  [
    'downwardAPI',
    (source, field) => [
      ...mode(source, 'defaultMode', field),
      ...objectsOf(source['items']).flatMap((item) => downwardItem(item, field)),
    ],
  ],
  ['configMap', withFiles('name')],
  ['projected', projected],
]);

function volumeSource(volume: JsonObject, field: string): FieldError[] {
  const kinds = [...SOURCES].filter(([kind]) => isObject(volume[kind]));
  return kinds.flatMap(([kind, validate], index) =>
    index === 0
      ? validate(volume[kind] as JsonObject, `${field}.${kind}`)
      : [forbiddenField(`${field}.${kind}`, 'may not specify more than 1 volume type')],
  );
}

/** The faults of a pod's volumes, and the names that its containers may mount. */
export function validateVolumes(
  volumes: unknown,
  field: string,
): { errors: FieldError[]; names: Set<string> } {
  const names = new Set<string>();
  const errors = objectsOf(volumes).flatMap((volume, index) => {
    const at = `${field}[${index}]`;
    const name = textOf(volume['name']);
    const found = [
      ...volumeSource(volume, at),
      ...(name === '' ? [required(`${at}.name`)] : validateLabelName(name, `${at}.name`)),
      ...(names.has(name) ? [duplicateValue(`${at}.name`, name)] : []),
    ];
    if (found.length === 0) names.add(name);
    return found;
  });
  return { errors, names };
}

/** @param names those of the pod's volumes */
export function validateVolumeMounts(mounts: unknown, names: Set<string>, field: string): FieldError[] {
  const paths = new Set<string>();
  return objectsOf(mounts).flatMap((mount, index) => {
    const at = `${field}[${index}]`;
    const [name, mountPath] = [textOf(mount['name']), textOf(mount['mountPath'])];
    const [subPath, subPathExpr] = [textOf(mount['subPath']), textOf(mount['subPathExpr'])];
    const errors = [
      ...requiredText(mount, 'name', at),
      ...(names.has(name) ? [] : [notFoundValue(`${at}.name`, name)]),
      ...requiredText(mount, 'mountPath', at),
      ...(paths.has(mountPath) ? [invalidValue(`${at}.mountPath`, mountPath, 'must be unique')] : []),
      // Kubernetes gives no index here either.
      ...localPath(subPath, `${field}.subPath`),
      ...(subPath !== '' && subPathExpr !== ''
        ? [invalidValue(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
        : []),
      ...localPath(subPathExpr, `${field}.subPathExpr`),
    ];
    paths.add(mountPath);
    return errors;
  });
}
