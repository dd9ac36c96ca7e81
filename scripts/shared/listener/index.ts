/**
 * The one way to listen: no request, connection or upgrade can end the
 * process. A house rule forbids the others.
 */
export { guardEmitter, warnOfFault } from './guard.ts';
export { createHttpListener, type HttpListenerOptions } from './http-listener.ts';
export { MalformedRequest, urlOfTarget } from './request-target.ts';
export { createTcpListener, guardSocket } from './tcp-listener.ts';
