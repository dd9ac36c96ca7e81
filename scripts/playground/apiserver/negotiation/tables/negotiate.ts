import type { ResourceType } from '../../registry/resource-type.ts';
import type { KubeObject } from '../../../storage/types.ts';
import type { ApiRequest } from '../../request.ts';
import { columnsFor } from './columns.ts';

/**
 * Tables: what kubectl prints.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
const TABLE =
  /as=Table;v=v1(?![a-z0-9])[^,]*g=meta\.k8s\.io|as=Table;g=meta\.k8s\.io;v=v1(?![a-z0-9])|as=Table;v=v1(?![a-z0-9])/;

export const wantsTable = ({ headers }: ApiRequest): boolean =>
  TABLE.test((headers.accept ?? '').split(',')[0] ?? '');

/** One Table of these objects, each row with the object the request asks for (`includeObject`). */
export function tableOf(
  request: ApiRequest,
  type: ResourceType,
  objects: KubeObject[],
  metadata: Record<string, unknown>,
  withColumns = true,
): Record<string, unknown> {
  const columns = columnsFor(type);
  const include = request.query.get('includeObject') ?? 'Metadata';
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns
      ? columns.map(({ name, type: kind, format = '', description = '', priority = 0 }) => ({
          name,
          type: kind,
          format,
          description,
          priority,
        }))
      : null,
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object)),
      ...(include === 'None'
        ? { object: null }
        : { object: include === 'Object' ? object : partial(object) }),
    })),
  };
}

const partial = ({ metadata }: KubeObject) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});

export function asTable(
  request: ApiRequest,
  type: ResourceType,
  objects: KubeObject[],
  metadata: Record<string, unknown>,
): { body: unknown } {
  return { body: tableOf(request, type, objects, metadata) };
}
