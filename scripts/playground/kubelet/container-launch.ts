import type { ContainerLog } from './container-log.ts';
import {
  ImageMissingError,
  startContainerProcess,
  startProxyProcess,
  type ContainerProcess,
} from './container-process.ts';
import type { ContainerRecord } from './container-record.ts';
import { ContainerConfigError } from './env.ts';
import type { Lifetime } from './lifetime.ts';
import { PROXY_CONTAINER } from './pod-sandbox.ts';
import { VolumeError } from './volumes.ts';

/**
 * Returns the function that starts one run. It resolves with undefined after a failed start and its backoff,
 * or when the container is to stop.
 */
export function createLaunch(
  record: ContainerRecord,
  lifetime: Lifetime,
): () => Promise<ContainerProcess | undefined> {
  const { context, container } = record.options;
  const image = container.image ?? '';
  let imageTries = 0;

  return async function launch() {
    const log = record.openLog();
    await context.images.prepare?.(image);
    if (!lifetime.isWanted()) {
      log.end();
      return undefined;
    }
    let process: ContainerProcess;
    try {
      process = start(record, log);
    } catch (error) {
      log.end();
      if (error instanceof ImageMissingError) await waitForImage(record, lifetime, imageTries++);
      else await waitAfter(error, record, lifetime);
      return undefined;
    }
    record.keepLog(log);
    imageTries = 0;
    const present = `Container image "${image}" already present on machine and can be accessed by the pod`;
    record.event('Normal', 'Pulled', present);
    record.event('Normal', 'Created', 'Container created');
    record.event('Normal', 'Started', 'Container started');
    return process;
  };
}

function start({ options }: ContainerRecord, log: ContainerLog): ContainerProcess {
  const { context, pod, sandbox, container, kind } = options;
  const parts = { context, pod: pod(), sandbox, container, log };
  const proxy = container.name === PROXY_CONTAINER ? context.sidecars : undefined;
  return proxy
    ? startProxyProcess(parts, proxy, kind === 'sidecar' ? 'native' : 'classic')
    : startContainerProcess(parts);
}

/** @param tries how many times in a row the image was missing before */
async function waitForImage(record: ContainerRecord, lifetime: Lifetime, tries: number): Promise<void> {
  const { context, container } = record.options;
  const { delays } = context;
  const image = container.image ?? '';
  const message = `failed to pull and unpack image "${image}": not found. Images here are the folders of services/ that have a main.ts.`;
  if (tries === 0) record.event('Normal', 'Pulling', `Pulling image "${image}"`);
  record.event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
  record.event('Warning', 'Failed', 'Error: ErrImagePull');
  record.become({ waiting: { reason: 'ErrImagePull', message } });
  const backOffMs = Math.min(delays.imageBackoff * 2 ** tries, delays.restartBackoffMax);
  // The kubelet shows the backoff only at its next sync.
  await lifetime.pause(Math.min(1_000, backOffMs / 2));
  if (!lifetime.isWanted()) return;
  const backOff = `Back-off pulling image "${image}"`;
  record.event('Normal', 'BackOff', backOff);
  record.event('Warning', 'Failed', 'Error: ImagePullBackOff');
  record.become({ waiting: { reason: 'ImagePullBackOff', message: backOff } });
  await lifetime.pause(backOffMs);
}

/** A volume or the configuration is missing, or the program cannot be started. */
async function waitAfter(error: unknown, record: ContainerRecord, lifetime: Lifetime): Promise<void> {
  const { context, pod } = record.options;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof VolumeError) {
    // The status stays ContainerCreating: the whole pod waits.
    context.events.record(pod(), { type: 'Warning', reason: 'FailedMount', message });
  } else {
    const reason = error instanceof ContainerConfigError ? 'CreateContainerConfigError' : 'RunContainerError';
    record.event('Warning', 'Failed', `Error: ${message}`);
    record.become({ waiting: { reason, message } });
  }
  await lifetime.pause(context.delays.imageBackoff);
}
