import type { Server } from 'node:http';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import type { Drain } from './drain.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Traffic } from './traffic.ts';

export interface EndingOptions {
  server: Server;
  admin: Server;
  clock: Clock;
  log: Log;
  lifecycle: Lifecycle;
  traffic: Traffic;
  drain: Drain;
  /** How long requests may run on after the drain, before they are cut. */
  inFlightDeadlineMs: number;
  /** The pod's account, logged at the end. */
  describe: () => object;
  /** Called once everything is closed. */
  onClosed: () => void;
}

/** Shutdown order: drain, close the public port, cut at the deadline, close the admin port. */
export interface Ending {
  /** Everything that must happen while the public port still accepts. */
  beforeClose: () => Promise<void>;
  /** Once the last connection of the public port is gone. */
  afterClose: () => Promise<void>;
  /** Resolves when the public port is closed and the account is final. */
  closed: Promise<void>;
  /** Lets requests in flight run for no more than `ms` from the end of the drain. */
  hurry(ms: number): void;
}

// Deadline for open admin requests, such as `GET /lifecycle?until=closed`.
const adminCloseDeadlineMs = 500;

export function createEnding(options: EndingOptions): Ending {
  const { server, admin, clock, log, lifecycle, traffic, drain } = options;
  let { inFlightDeadlineMs } = options;
  const allServed = new AbortController();
  let announceClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (announceClosed = resolve));

  const cutAfterDeadline = async (): Promise<void> => {
    await clock.wait(inFlightDeadlineMs, allServed.signal);
    if (allServed.signal.aborted) return;
    traffic.cutAll();
    log.warn('cut', { afterMs: inFlightDeadlineMs });
  };

  const closeAdmin = async (): Promise<void> => {
    if (!admin.listening) return;
    const timer = setTimeout(() => {
      admin.closeAllConnections();
    }, adminCloseDeadlineMs);
    await new Promise((resolve) => admin.close(resolve));
    clearTimeout(timer);
  };

  const afterClose = async (): Promise<void> => {
    allServed.abort();
    lifecycle.enter('closed');
    announceClosed();
    await closeAdmin();
    log.info('closed', { ...options.describe() });
    options.onClosed();
  };

  return {
    async beforeClose() {
      // terminus cannot close what does not listen yet.
      if (!server.listening) return afterClose();
      await drain.finish('SIGTERM');
      lifecycle.enter('closing');
      void cutAfterDeadline();
    },
    afterClose,
    closed,
    hurry(ms) {
      inFlightDeadlineMs = Math.min(inFlightDeadlineMs, ms);
    },
  };
}
