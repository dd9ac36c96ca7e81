import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../../../../test/support/tools/cache-folder.ts';

export const GATEWAY_API = 'sigs.k8s.io/gateway-api@v1.3.0';

const cache = path.join(cacheFolder(), 'go-modules');

/**
 * The folder with Gateway API's standard CustomResourceDefinitions, from the cache outside the repository;
 * the Go module is fetched when it is not there yet. A sentence why not, when it cannot be had.
 */
export async function findGatewayApi(): Promise<{ folder: string } | { missing: string }> {
  const folder = path.join(cache, GATEWAY_API, 'config', 'crd', 'standard');
  if (existsSync(folder)) return { folder };
  try {
    // From a folder without a go.mod, in which nobody else can put one: it belongs to no module.
    mkdirSync(cache, { recursive: true });
    await promisify(execFile)('go', ['mod', 'download', '-modcacherw', GATEWAY_API], {
      cwd: cache,
      env: { ...process.env, GOMODCACHE: cache, GOFLAGS: '-mod=mod' },
      timeout: 120_000,
    });
    return { folder };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { missing: `no ${GATEWAY_API} in ${cache}, and Go could not bring it: ${why}` };
  }
}
