import { drawMs } from '../network/random.ts';
import type { Handler } from '../pod-types.ts';
import type { ContainerProcess } from './container-process.ts';
import type { ContainerRecord } from './container-record.ts';
import { within } from './deferred.ts';
import type { Lifetime } from './lifetime.ts';
import { PROXY_CONTAINER } from './pod-sandbox.ts';

export interface StopOptions {
  /** Milliseconds for preStop and SIGTERM together. */
  graceMs: number;
  message: string;
  /** Resolves when it is this container's turn for SIGTERM (native sidecars wait for the apps). */
  turn?: Promise<unknown>;
  /** Aborts the hook when the classic sidecar that its request goes through has ended. */
  hookSignal?: AbortSignal;
}

/**
 * preStop, SIGTERM, SIGKILL in order, within the grace period.
 * Resolves when the last of them that was needed has been sent.
 */
export async function stopContainer(
  process: ContainerProcess,
  record: ContainerRecord,
  lifetime: Lifetime,
  stop: StopOptions,
): Promise<void> {
  const { delays, random } = record.options.context;
  const begun = Date.now();
  const leftMs = (): number => stop.graceMs - (Date.now() - begun);
  record.event('Normal', 'Killing', stop.message);
  const hook = preStopOf(record);
  if (hook !== undefined && stop.graceMs > 0) {
    const hooked = runPreStop(process, record, hook, stop);
    await within(Promise.race([hooked, process.exited, lifetime.killed]), leftMs());
    await within(process.exited, drawMs(delays.preStopToSigterm, random));
  }
  if (stop.turn !== undefined) await within(Promise.race([stop.turn, lifetime.killed]), leftMs());
  process.sigterm();
  const graceful = within(process.exited, Math.max(leftMs(), delays.minimumGrace));
  if (!(await Promise.race([graceful, lifetime.killed.then(() => false)]))) process.sigkill();
}

function preStopOf({ options: { container, context, kind } }: ContainerRecord): Handler | undefined {
  const isProxy = container.name === PROXY_CONTAINER && context.sidecars !== undefined;
  // pilot-agent drains Envoy when a native sidecar's pod ends. Injection writes that as a preStop hook; an
  // empty hook stands for it here.
  return container.lifecycle?.preStop ?? (isProxy && kind === 'sidecar' ? {} : undefined);
}

async function runPreStop(
  process: ContainerProcess,
  record: ContainerRecord,
  hook: Handler,
  { hookSignal = new AbortController().signal }: StopOptions,
): Promise<void> {
  try {
    await process.hook(hook, hookSignal);
  } catch {
    record.event('Warning', 'FailedPreStopHook', 'PreStopHook failed');
  }
}
