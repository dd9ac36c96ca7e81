import { isBuiltin } from 'node:module';
import { UsageError } from '../shared/errors.ts';

/**
 * NAME-VERSION must be the name of a Deployment too, and a label:
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names
 */
const LONGEST = 50;

/** Names that something else in a repository, a pod or a namespace has already. */
const taken: Record<string, string> = {
  'lifecycle-sidecar': 'the sidecar has that name',
  shared: 'services/shared has that name',
  graceful: 'services/graceful has that name',
  lifecycle: 'the sidecar runs as a container of that name',
  'istio-proxy': "Istio's sidecar runs as a container of that name",
  'istio-init': "Istio's sidecar is set up by a container of that name",
  kubernetes: 'the API server is a Service of that name',
  node_modules: 'npm has a folder of that name',
  'zero-downtime-tools': 'the tools are a package of that name',
};

/**
 * A name that a folder, an npm package, a Service, a Deployment and a label can all have.
 * @param packages the packages that the repository depends on: npm takes none of the same name
 * @throws UsageError that says which rule it breaks
 */
export function verifyName(name: string, packages: readonly string[]): void {
  // https://datatracker.ietf.org/doc/html/rfc1035#section-2.3.1, as Kubernetes asks for the name of a Service
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name))
    throw new UsageError(
      `--name must be lower-case letters, digits and "-", beginning with a letter and not ending with "-", such as tea-house; got "${name}".`,
    );
  if (name.length > LONGEST)
    throw new UsageError(
      `--name must have at most ${LONGEST} characters, so that NAME-VERSION is a name as well; "${name}" has ${name.length}.`,
    );
  const why = taken[name];
  if (why !== undefined) throw new UsageError(`--name cannot be ${name}: ${why}.`);
  if (isBuiltin(name)) throw new UsageError(`--name cannot be ${name}: Node has a module of that name.`);
  if (packages.includes(name))
    throw new UsageError(`--name cannot be ${name}: the repository depends on a package of that name.`);
}
