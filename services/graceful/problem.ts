import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Log } from '../shared/log.ts';

/** An answer that says what is wrong in a form programs can read: RFC 9457 problem details. */
export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  detail?: string;
  requestId?: string;
}

export const problemType = 'application/problem+json';

/** Throw it to answer with a problem; `detail` is written for the caller. */
export class ProblemError extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = 'ProblemError';
    this.status = status;
  }
}

export function problem(status: number, detail?: string, requestId?: string): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Unknown',
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

export function sendProblem(response: Response, status: number, detail?: string): void {
  const requestId = response.getHeader('x-request-id');
  const body = problem(status, detail, typeof requestId === 'string' ? requestId : undefined);
  response.status(status).type(problemType).send(JSON.stringify(body));
}

export const notFound: RequestHandler = (request, response) => {
  sendProblem(response, 404, `There is no ${request.path} here.`);
};

/** For a path that exists, asked for with the wrong method. */
export function methodNotAllowed(allowed: string): RequestHandler {
  return (request, response) => {
    response.setHeader('Allow', allowed);
    sendProblem(response, 405, `${request.path} takes ${allowed}, not ${request.method}.`);
  };
}

/** Node's own refusal would not name version and pod. https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
export const requireHost: RequestHandler = (request, _response, next) => {
  if (request.httpVersion === '1.1' && request.headers.host === undefined)
    throw new ProblemError(400, 'An HTTP/1.1 request must have a Host header.');
  next();
};

/** Error handler: 4xx with the message as detail, 5xx without; 5xx errors are logged. */
export function answerErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const status = statusOf(error);
    if (status >= 500) log.error('request failed', { method: request.method, path: request.path, error });
    if (response.headersSent) {
      // Too late for a status: Express cuts the connection, so that the caller sees an incomplete answer.
      next(error);
      return;
    }
    sendProblem(response, status, status < 500 && error instanceof Error ? error.message : undefined);
  };
}

function statusOf(error: unknown): number {
  // body-parser's errors carry the status that fits: 400, 413, 415.
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : 500;
}
