import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { NewObject, ObjectStore } from '../../storage/types.ts';

const folder = fileURLToPath(new URL('definitions/', import.meta.url));

interface Definition extends NewObject {
  spec: { versions: { name: string; storage: boolean }[] };
}

/**
 * Gateway API's CustomResourceDefinitions of the standard channel, as far as istiod follows them here;
 * served as v1 and v1beta1.
 */
export function gatewayApiDefinitions(): NewObject[] {
  return readdirSync(folder).map((file) => {
    const definition = parse(readFileSync(`${folder}${file}`, 'utf8')) as Definition;
    const { versions } = definition.spec;
    const older = versions.map((version) => ({ ...version, name: 'v1beta1', storage: false }));
    return { ...definition, spec: { ...definition.spec, versions: [...versions, ...older] } };
  });
}

/** As `kubectl apply` of the definitions would, in a cluster that has none of them. */
export function installGatewayApi(store: ObjectStore): void {
  for (const definition of gatewayApiDefinitions())
    store.create('apiextensions.k8s.io/v1/customresourcedefinitions', definition);
}
