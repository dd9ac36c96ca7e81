import type { Answer } from './answer.ts';
import type { ApiRequest } from './request.ts';

const TEXT = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };

/** `/healthz`, `/livez`, `/readyz`, and the list of paths at `/`. A server that answers is well. */
export function serveHealth({ path, query }: ApiRequest): Answer | undefined {
  const check = /^\/(healthz|livez|readyz)(\/.*)?$/.exec(path);
  if (check !== null) {
    const isVerbose = query.has('verbose');
    return {
      code: 200,
      body: isVerbose ? `[+]ping ok\n${String(check[1])} check passed\n` : 'ok',
      headers: TEXT,
    };
  }
  if (path !== '/') return undefined;
  return {
    code: 200,
    body: { paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] },
  };
}
