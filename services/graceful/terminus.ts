import type { Server } from 'node:http';
import { createTerminus } from '@godaddy/terminus';
import type { Log } from '../shared/log.ts';
import type { Lifecycle } from './lifecycle.ts';

export const healthPaths = { live: '/health/live', ready: '/health/ready' };

export interface TerminusOptions {
  lifecycle: Lifecycle;
  log: Log;
  /** Everything that must happen while the server still accepts. */
  beforeClose: () => Promise<void>;
  /** After the last connection of the public port is gone. */
  afterClose: () => Promise<void>;
  /** terminus' own deadline for what is in flight; it ends all sockets then, whatever they do. */
  socketDeadlineMs: number;
}

/**
 * terminus is the shell: it answers health checks before Express sees them, and it turns
 * a signal into one orderly end. What it does by default at a signal (close at once, cut
 * after 1 s) loses requests, so the drain is ours. Call it after the request handlers
 * are attached, and once per process: its responses are shared between instances.
 */
export function attachTerminus(server: Server, options: TerminusOptions): void {
  const { lifecycle, log } = options;
  createTerminus(server, {
    signals: ['SIGTERM', 'SIGINT'],
    // As PID 1 a signal raised again is ignored by the kernel: exit, or the container lives until SIGKILL.
    useExit0: true,
    timeout: options.socketDeadlineMs,
    // Or liveness would fail during the drain, and the kubelet would restart a pod that ends well.
    sendFailuresDuringShutdown: false,
    healthChecks: {
      // Alive means: this process answers. Nothing else belongs here.
      [healthPaths.live]: () => Promise.resolve(),
      [healthPaths.ready]: () =>
        lifecycle.state === 'ready' ? Promise.resolve() : Promise.reject(notReady(lifecycle)),
    },
    beforeShutdown: options.beforeClose,
    onSignal: () => Promise.resolve(),
    onShutdown: options.afterClose,
    logger: (msg, error) => {
      // A failing readiness check is an answer, not an event.
      if (msg !== 'healthcheck failed') log.error(msg, { error });
    },
  });
}

function notReady(lifecycle: Lifecycle): Error {
  return Object.assign(new Error(lifecycle.state), {
    statusCode: 503,
    statusResponse: { status: lifecycle.state },
  });
}
