/**
 * What a kubeconfig can say, field by field. https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
import { anything, base64, fieldsOf, flag, listOf, mapOf, namedList, optional, text } from './decode.ts';
import type { Decode } from './decode.ts';

const extensions = namedList('extension', anything);

export interface ClusterFields {
  server: string;
  'tls-server-name': string;
  'insecure-skip-tls-verify': boolean;
  'certificate-authority': string;
  /** Decoded. */
  'certificate-authority-data': string;
  'proxy-url': string;
  'disable-compression': boolean;
  extensions: Map<string, unknown>;
}

export interface ExecFields {
  command: string;
  args: string[];
  env: { name: string; value: string }[];
  apiVersion: string;
  installHint: string;
  provideClusterInfo: boolean;
  interactiveMode: string;
}

export interface UserFields {
  'client-certificate': string;
  /** Decoded. */
  'client-certificate-data': string;
  'client-key': string;
  /** Decoded. */
  'client-key-data': string;
  token: string;
  tokenFile: string;
  as: string;
  'as-uid': string;
  'as-groups': string[];
  'as-user-extra': Record<string, string[]>;
  username: string;
  password: string;
  'auth-provider': { name: string; config: Record<string, string> } | undefined;
  exec: ExecFields | undefined;
  extensions: Map<string, unknown>;
}

export interface ContextFields {
  cluster: string;
  user: string;
  namespace: string;
  extensions: Map<string, unknown>;
}

export interface ConfigFields {
  kind: string;
  apiVersion: string;
  preferences: unknown;
  clusters: Map<string, ClusterFields>;
  users: Map<string, UserFields>;
  contexts: Map<string, ContextFields>;
  'current-context': string;
  extensions: Map<string, unknown>;
}

const cluster = fieldsOf<ClusterFields>({
  server: text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': flag,
  'certificate-authority': text,
  'certificate-authority-data': base64,
  'proxy-url': text,
  'disable-compression': flag,
  extensions,
});

const execAsWritten = fieldsOf<ExecFields>({
  command: text,
  args: listOf(text),
  env: listOf(fieldsOf({ name: text, value: text })),
  apiVersion: text,
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text,
});

/** The early versions of the contract knew no `interactiveMode` and meant IfAvailable. */
const exec: Decode<ExecFields> = (value, at) => {
  const read = execAsWritten(value, at);
  const isEarly = /^client\.authentication\.k8s\.io\/v1(alpha1|beta1)$/.test(read.apiVersion);
  return isEarly && read.interactiveMode === '' ? { ...read, interactiveMode: 'IfAvailable' } : read;
};

const user = fieldsOf<UserFields>({
  'client-certificate': text,
  'client-certificate-data': base64,
  'client-key': text,
  'client-key-data': base64,
  token: text,
  tokenFile: text,
  as: text,
  'as-uid': text,
  'as-groups': listOf(text),
  'as-user-extra': mapOf(listOf(text)),
  username: text,
  password: text,
  'auth-provider': optional(fieldsOf({ name: text, config: mapOf(text) })),
  exec: optional(exec),
  extensions,
});

const context = fieldsOf<ContextFields>({ cluster: text, user: text, namespace: text, extensions });

export const config = fieldsOf<ConfigFields>({
  kind: text,
  apiVersion: text,
  preferences: fieldsOf({ colors: flag, extensions }),
  clusters: namedList('cluster', cluster),
  users: namedList('user', user),
  contexts: namedList('context', context),
  'current-context': text,
  extensions,
});
