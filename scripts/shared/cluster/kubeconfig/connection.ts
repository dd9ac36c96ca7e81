/** The connection of a context, validated as far as possible before a request is sent. */
import path from 'node:path';
import { UsageError, messageOf } from '../../errors.ts';
import { NotReadableError, verifyRegularFile } from '../../regular-file.ts';
import type { ClusterFields, UserFields } from './fields.ts';
import type { From, Kubeconfig } from './read-file.ts';

export interface Connection {
  context: string;
  namespace: string;
  /** The API server's address, perhaps with a path; without a slash at its end. */
  server: string;
  clusterName: string;
  /** Paths in it are absolute. */
  cluster: ClusterFields;
  userName: string;
  /** Paths in it are absolute, and so is a login command that is a path. */
  user: UserFields;
  /** Whether requests carry credentials. */
  sendsCredentials: boolean;
}

/**
 * The connection of a context, by default of the current one.
 * @throws {UsageError} that names what kubectl refuses, what it would guess, or what is not supported here
 */
export function chooseConnection(
  { currentContext, contexts, clusters, users }: Kubeconfig,
  { files, context, namespace }: { files: readonly string[]; context?: string; namespace?: string },
): Connection {
  const where = files.join(', ');
  const name = context ?? currentContext;
  if (name === '') throw new UsageError(`${where} names no current context; choose one with --context.`);
  const chosen = contexts.get(name);
  if (chosen === undefined) {
    const names = [...contexts.keys()].join(', ') || 'none';
    throw new UsageError(`There is no context "${name}" in ${where}; it has ${names}.`);
  }
  const clusterAsWritten = clusters.get(chosen.cluster);
  if (clusterAsWritten === undefined || clusterAsWritten.server === '') {
    const what = clusterAsWritten ? `names no server` : `is not there`;
    throw new UsageError(`The cluster "${chosen.cluster}" of context "${name}" ${what}, in ${where}.`);
  }
  const cluster = withAbsolutePaths(clusterAsWritten, ['certificate-authority']);
  const server = serverOf(cluster.server, chosen.cluster);
  const isSecure = server.startsWith('https:');
  const userAsWritten = users.get(chosen.user);
  if (userAsWritten === undefined && chosen.user !== '' && isSecure)
    throw new UsageError(`The user "${chosen.user}" of context "${name}" is not there, in ${where}.`);
  const user = withLoginCommand(
    withAbsolutePaths(userAsWritten ?? NOBODY, ['client-certificate', 'client-key', 'tokenFile']),
  );
  const problems = [
    ...problemsOfCluster(cluster).map((problem) => `cluster "${chosen.cluster}": ${problem}`),
    ...problemsOfUser(user).map((problem) => `user "${chosen.user}": ${problem}`),
  ];
  if (problems.length > 0)
    throw new UsageError(`The context "${name}" cannot be used: ${problems.join('; ')}`);
  return {
    context: name,
    namespace: namespace || chosen.namespace || 'default',
    server,
    clusterName: chosen.cluster,
    cluster,
    userName: chosen.user,
    user,
    // kubectl sends no credentials over plain HTTP. Here they are sent
    // with insecure-skip-tls-verify, for stubs and tunnels.
    sendsCredentials: isSecure || cluster['insecure-skip-tls-verify'],
  };
}

/** An address without a scheme is plain HTTP, as kubectl has it; what follows a path (`?x=y`) is dropped. */
function serverOf(written: string, clusterName: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(written);
  const address = isUrl ? written : `http://${written}`;
  const wrong = (why: string) =>
    new UsageError(`cluster "${clusterName}": the server ${written} ${why}; it must be https://HOST:PORT.`);
  if (!URL.canParse(address)) throw wrong('is no address');
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw wrong(`has the scheme ${url.protocol}`);
  // fetch refuses URLs with credentials, and every message would show them.
  if (url.username !== '' || url.password !== '') throw wrong('holds a user name or a password');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function withAbsolutePaths<T extends object>(entry: From<T>, names: (keyof T & string)[]): From<T> {
  const paths = names
    .map((name) => [name, entry[name] as string] as const)
    .filter(([, file]) => file !== '')
    .map(([name, file]) => [name, path.resolve(path.dirname(entry.file), file)]);
  return { ...entry, ...(Object.fromEntries(paths) as object) };
}

/** A bare name is looked up on PATH; anything with a slash is a path from the kubeconfig's folder. */
function withLoginCommand(user: From<UserFields>): UserFields {
  const { exec, file } = user;
  if (!exec?.command.includes(path.sep)) return user;
  return { ...user, exec: { ...exec, command: path.resolve(path.dirname(file), exec.command) } };
}

function problemsOfCluster(cluster: ClusterFields): string[] {
  const isSet = (name: 'certificate-authority' | 'certificate-authority-data') => cluster[name] !== '';
  const hasAuthority = isSet('certificate-authority') || isSet('certificate-authority-data');
  return [
    isSet('certificate-authority') && isSet('certificate-authority-data')
      ? 'certificate-authority and certificate-authority-data are both given'
      : undefined,
    hasAuthority && cluster['insecure-skip-tls-verify']
      ? 'it names a certificate authority and says insecure-skip-tls-verify: one of them'
      : undefined,
    unreadable(cluster, 'certificate-authority'),
  ].filter((problem) => problem !== undefined);
}

function problemsOfUser(user: UserFields): string[] {
  const { exec } = user;
  const isSet = (name: keyof UserFields) => user[name] !== '' && user[name] !== undefined;
  const isBasic = isSet('username') || isSet('password');
  const hasCertificate = isSet('client-certificate') || isSet('client-certificate-data');
  const hasKey = isSet('client-key') || isSet('client-key-data');
  const isImpersonated =
    isSet('as-uid') || user['as-groups'].length > 0 || Object.keys(user['as-user-extra']).length > 0;
  const provider = user['auth-provider'];
  return [
    ...['token', 'tokenFile'].map((name) =>
      isBasic && isSet(name as 'token') ? `${name} and username/password are both given` : undefined,
    ),
    ...['client-certificate', 'client-key'].map((name) =>
      isSet(name as 'client-key') && isSet(`${name}-data` as 'client-key')
        ? `${name} and ${name}-data are both given`
        : undefined,
    ),
    hasCertificate && !hasKey ? 'it has a client-certificate and no client-key' : undefined,
    hasKey && !hasCertificate && !isBasic && !isSet('token') && !isSet('tokenFile') && exec === undefined
      ? 'it has a client-key and no client-certificate'
      : undefined,
    unreadable(user, 'client-certificate'),
    unreadable(user, 'client-key'),
    provider === undefined
      ? undefined
      : `auth-provider ${provider.name} is not supported: ${INSTEAD[provider.name] ?? 'use a login command (exec)'}`,
    ...(exec === undefined ? [] : problemsOfExec(exec)),
    isImpersonated && !isSet('as')
      ? 'as-uid, as-groups and as-user-extra want a user to stand in for: as'
      : undefined,
  ].filter((problem) => problem !== undefined);
}

const INSTEAD: Record<string, string> = {
  gcp: 'use the login command gke-gcloud-auth-plugin (exec)',
  azure: 'use the login command kubelogin (exec)',
  oidc: 'use a login command for OpenID Connect (exec), such as kubectl oidc-login',
  tokenFile: 'say tokenFile beside it, as a field of the user',
};

function problemsOfExec({
  command,
  apiVersion,
  interactiveMode,
  env,
}: NonNullable<UserFields['exec']>): string[] {
  return [
    command === '' ? 'exec names no command' : undefined,
    EXEC_VERSIONS.includes(apiVersion)
      ? undefined
      : `exec.apiVersion must be ${EXEC_VERSIONS.join(' or ')}, not "${apiVersion}"`,
    INTERACTIVE_MODES.includes(interactiveMode)
      ? undefined
      : `exec.interactiveMode must be ${INTERACTIVE_MODES.join(', ')}, not "${interactiveMode}"`,
    env.some(({ name }) => name === '') ? 'a variable of exec.env has no name' : undefined,
  ].filter((problem) => problem !== undefined);
}

const EXEC_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const INTERACTIVE_MODES = ['Never', 'IfAvailable', 'Always'];

function unreadable<T extends object>(entry: T, name: keyof T & string): string | undefined {
  const file = entry[name] as string;
  if (file === '') return undefined;
  try {
    verifyRegularFile(file);
    return undefined;
  } catch (error) {
    const what = error instanceof NotReadableError ? `${file} ` : '';
    return `${name} cannot be read: ${what}${messageOf(error)}`;
  }
}

const NOBODY: From<UserFields> = {
  file: '',
  'client-certificate': '',
  'client-certificate-data': '',
  'client-key': '',
  'client-key-data': '',
  token: '',
  tokenFile: '',
  as: '',
  'as-uid': '',
  'as-groups': [],
  'as-user-extra': {},
  username: '',
  password: '',
  'auth-provider': undefined,
  exec: undefined,
  extensions: new Map(),
};
