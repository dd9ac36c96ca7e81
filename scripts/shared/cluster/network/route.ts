/** The route to an API server: its address, a proxy, and TLS on both sides. */
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Identity } from '../credentials/identity.ts';
import type { Connection } from '../kubeconfig/connection.ts';
import { trustedAuthorities } from './authorities.ts';
import { chooseProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';

export interface TlsMaterial {
  secureContext: SecureContext;
  /** The server's certificate is not verified. */
  insecure: boolean;
  /** The name that the server's certificate must have. */
  serverName: string;
}

export interface Route {
  readonly server: URL;
  readonly proxy: Proxy | undefined;
  /** TLS options for this identity: the same object while certificate, key and authority are unchanged. */
  tls(identity: Identity): TlsMaterial;
}

/** @throws {UsageError} when the proxy or the certificate authority cannot be used */
export function routeOf(connection: Connection, env: NodeJS.ProcessEnv): Route {
  const { cluster, clusterName } = connection;
  const server = new URL(connection.server);
  const authorities =
    server.protocol === 'https:' ? trustedAuthorities(cluster, { clusterName, env }) : undefined;
  authorities?.();
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const serverName = cluster['tls-server-name'] || host;
  const insecure = cluster['insecure-skip-tls-verify'];
  let last:
    | undefined
    | { ca: string[] | undefined; cert: string | undefined; key: string | undefined; tls: TlsMaterial };
  return {
    server,
    proxy: chooseProxy(server, { proxyUrl: cluster['proxy-url'], clusterName, env }),
    tls({ cert, key }) {
      const ca = authorities?.();
      if (last !== undefined && last.ca === ca && last.cert === cert && last.key === key) return last.tls;
      const secureContext = createSecureContext({
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert, key }),
      });
      last = { ca, cert, key, tls: { secureContext, insecure, serverName } };
      return last.tls;
    },
  };
}
