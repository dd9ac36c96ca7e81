/** The way to an API server: where it is, what lies between, and how both sides prove who they are. */
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { Identity } from '../credentials/identity.ts';
import type { Connection } from '../kubeconfig/connection.ts';
import { trustedAuthorities } from './authorities.ts';
import { chooseProxy } from './proxy.ts';
import type { Proxy } from './proxy.ts';

export interface TlsMaterial {
  secureContext: SecureContext;
  /** Nobody is asked who he is. */
  insecure: boolean;
  /** What the server's certificate must name. */
  serverName: string;
}

export interface Route {
  readonly server: URL;
  readonly proxy: Proxy | undefined;
  /** For connections of this identity: the very same object as long as certificate, key and authority are the same. */
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
