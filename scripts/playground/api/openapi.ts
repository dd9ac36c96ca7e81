import type { Answer } from './answer.ts';
import type { ApiContext } from './context.ts';
import type { ApiRequest } from './request.ts';

/** `/openapi/v3`. */
export function serveOpenApi(request: ApiRequest, context: ApiContext): Answer | undefined {
  request;
  context;
  return undefined;
}
