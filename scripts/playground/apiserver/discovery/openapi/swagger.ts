import { isObject } from '../../../storage/json.ts';
import type { ResourceType } from '../../registry/resource-type.ts';
import { SchemaBuilder } from './schemas.ts';

const VERSION = 'v1.36.4';

/** How a request path of the type begins. */
export const pathOf = (group: string, version: string): string =>
  group === '' ? `api/${version}` : `apis/${group}/${version}`;

const itemPath = ({ group, version, namespaced, plural }: ResourceType): string =>
  `/${pathOf(group, version)}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`;

const QUERY = ['dryRun', 'fieldManager', 'fieldValidation', 'force'];

/** OpenAPI v3 of one group version. */
export function openApiV3(types: ResourceType[], group: string, version: string): unknown {
  const builder = new SchemaBuilder('#/components/schemas/', group, version);
  const paths: Record<string, unknown> = {};
  for (const type of types) {
    const gvk = { group, version, kind: type.kind };
    const schema = { $ref: `#/components/schemas/${builder.add(type)}` };
    const responses = { 200: { description: 'OK', content: { 'application/json': { schema } } } };
    const common = { 'x-kubernetes-group-version-kind': gvk, responses };
    const parameters = QUERY.map((name) => ({
      name,
      in: 'query',
      schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
    }));
    paths[itemPath(type)] = {
      ...(type.verbs.includes('get') ? { get: { ...common, 'x-kubernetes-action': 'get' } } : {}),
      ...(type.verbs.includes('patch')
        ? { patch: { ...common, 'x-kubernetes-action': 'patch', parameters } }
        : {}),
    };
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: VERSION },
    paths,
    components: { schemas: builder.schemas },
  };
}

/** OpenAPI v2 of everything, as older clients ask for it. */
export function openApiV2(types: ResourceType[]): unknown {
  const definitions: Record<string, unknown> = {};
  const paths: Record<string, unknown> = {};
  for (const type of types) {
    const { group, version, kind } = type;
    const builder = new SchemaBuilder('#/definitions/', group, version);
    const $ref = `#/definitions/${builder.add(type)}`;
    Object.assign(definitions, builder.schemas);
    const common = {
      responses: { 200: { description: 'OK', schema: { $ref } } },
      'x-kubernetes-group-version-kind': { group, version, kind },
    };
    paths[itemPath(type)] = {
      ...(type.verbs.includes('get') ? { get: { ...common, 'x-kubernetes-action': 'get' } } : {}),
      ...(type.verbs.includes('patch')
        ? {
            patch: {
              ...common,
              'x-kubernetes-action': 'patch',
              parameters: QUERY.map((name) => ({
                name,
                in: 'query',
                type: name === 'force' ? 'boolean' : 'string',
                uniqueItems: true,
              })),
            },
          }
        : {}),
    };
  }
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: VERSION },
    paths,
    definitions: downgraded(definitions),
  };
}

/** v2 has neither `oneOf` nor siblings of a reference. */
function downgraded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(downgraded);
  if (!isObject(value)) return value;
  const { oneOf, allOf, ...rest } = value;
  const plain = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, downgraded(inner)]));
  if (Array.isArray(allOf) && allOf.length === 1 && isObject(allOf[0])) return { ...plain, ...allOf[0] };
  return oneOf === undefined ? plain : { ...plain, type: 'string' };
}
