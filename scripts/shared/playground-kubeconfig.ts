/**
 * The kubeconfig that a running playground leaves for other commands:
 * a loopback server and a token, without login commands or file paths.
 */
import { isDeepStrictEqual } from 'node:util';

export interface PlaygroundAccess {
  /** On a loopback address. */
  server: string;
  /** PEM in base64. */
  certificateAuthority: string;
  token: string;
}

/** As JSON, which is valid YAML: no YAML parser is needed here. */
export function renderPlaygroundKubeconfig(access: PlaygroundAccess): string {
  return `${JSON.stringify(kubeconfigOf(access), null, 1)}\n`;
}

/**
 * Parses such a kubeconfig; undefined for a text that holds anything else: an exec plugin, an auth provider,
 * a proxy, file paths, a server elsewhere, a second user.
 */
export function readPlaygroundKubeconfig(text: string): PlaygroundAccess | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { clusters, users } = (found ?? {}) as {
    clusters?: { cluster?: Record<string, unknown> }[];
    users?: { user?: Record<string, unknown> }[];
  };
  const cluster = Array.isArray(clusters) ? clusters[0]?.cluster : undefined;
  const user = Array.isArray(users) ? users[0]?.user : undefined;
  const server = cluster?.['server'];
  const certificateAuthority = cluster?.['certificate-authority-data'];
  const token = user?.['token'];
  if (!isLoopback(server, 'https:')) return undefined;
  if (!isText(certificateAuthority) || !isText(token)) return undefined;
  const access = { server, certificateAuthority, token };
  return isDeepStrictEqual(found, kubeconfigOf(access)) ? access : undefined;
}

/** A loopback URL by address, since a name could resolve to anything. */
export function isLoopback(url: unknown, protocol: 'http:' | 'https:'): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const parsed = new URL(url);
  const isHere = /^127\.\d+\.\d+\.\d+$/.test(parsed.hostname) || parsed.hostname === '[::1]';
  return isHere && parsed.protocol === protocol && parsed.username === '' && parsed.password === '';
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function kubeconfigOf({ server, certificateAuthority, token }: PlaygroundAccess): object {
  const name = 'playground';
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': certificateAuthority } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  };
}
