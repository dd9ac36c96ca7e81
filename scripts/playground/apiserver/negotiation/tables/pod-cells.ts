import { humanDuration } from './duration.ts';

/**
 * How `kubectl get pods` sums up a pod in one word. Follows printPod
 * of kubernetes pkg/printers/internalversion.
 */

interface Terminated {
  reason?: string;
  exitCode?: number;
  signal?: number;
  finishedAt?: string;
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  started?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string }; running?: object; terminated?: Terminated };
  lastState?: { terminated?: Terminated };
}

export interface PodForCells {
  metadata: { deletionTimestamp?: string };
  spec?: {
    nodeName?: string;
    containers?: { name: string }[];
    initContainers?: { name: string; restartPolicy?: string }[];
    readinessGates?: unknown[];
  };
  status?: {
    phase?: string;
    reason?: string;
    podIP?: string;
    nominatedNodeName?: string;
    conditions?: { type: string; status: string; reason?: string }[];
    containerStatuses?: ContainerStatus[];
    initContainerStatuses?: ContainerStatus[];
  };
}

export interface PodCells {
  ready: string;
  status: string;
  restarts: string;
}

const exitReason = ({ reason, signal = 0, exitCode = 0 }: Terminated): string => {
  if (reason !== undefined && reason !== '') return reason;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
};

export function podCells(pod: PodForCells, now = Date.now()): PodCells {
  const { status = {}, spec = {} } = pod;
  const sidecars = new Set(
    (spec.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  const inits = status.initContainerStatuses ?? [];
  const mains = status.containerStatuses ?? [];
  const started = inits.filter(({ name }) => sidecars.has(name));
  const initialising = initReason(spec.initContainers ?? [], inits, sidecars);
  const counted = initialising === undefined ? [...started, ...mains] : [...inits];
  const restarts = counted.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
  const lastRestart = Math.max(
    ...counted
      .map(({ lastState }) => Date.parse(lastState?.terminated?.finishedAt ?? ''))
      .filter(Number.isFinite),
  );
  const total = (spec.containers?.length ?? 0) + sidecars.size;
  const ready = [...started, ...mains].filter(
    (one) => one.ready === true && one.state?.running !== undefined,
  ).length;
  return {
    ready: `${initialising === undefined ? ready : started.filter((one) => one.ready).length}/${total}`,
    status:
      pod.metadata.deletionTimestamp === undefined
        ? (initialising ?? mainReason(pod, mains))
        : deletedReason(pod),
    restarts:
      restarts > 0 && Number.isFinite(lastRestart)
        ? `${restarts} (${humanDuration(now - lastRestart)} ago)`
        : String(restarts),
  };
}

function deletedReason({ status = {} }: PodForCells): string {
  if (status.reason === 'NodeLost') return 'Unknown';
  return status.phase === 'Succeeded' || status.phase === 'Failed'
    ? mainReason({ metadata: {}, status }, status.containerStatuses ?? [])
    : 'Terminating';
}

/** `Init:0/1` while init containers are at work; undefined when they are through. */
function initReason(
  specs: { name: string }[],
  statuses: ContainerStatus[],
  sidecars: Set<string>,
): string | undefined {
  for (const [index, one] of statuses.entries()) {
    const { terminated, waiting } = one.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(one.name) && one.started === true) continue;
    if (terminated !== undefined) {
      return terminated.reason === undefined || terminated.reason === ''
        ? `Init:${exitReason(terminated)}`
        : `Init:${terminated.reason}`;
    }
    if (waiting?.reason !== undefined && waiting.reason !== '' && waiting.reason !== 'PodInitializing')
      return `Init:${waiting.reason}`;
    return `Init:${index}/${specs.length}`;
  }
  return undefined;
}

function mainReason({ status = {} }: PodForCells, statuses: ContainerStatus[]): string {
  let reason = status.reason ?? status.phase ?? 'Unknown';
  const gated = status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (gated?.status === 'False' && gated.reason === 'SchedulingGated') reason = 'SchedulingGated';
  let isRunning = false;
  for (const { state, ready } of [...statuses].reverse()) {
    if (state?.waiting?.reason !== undefined && state.waiting.reason !== '') reason = state.waiting.reason;
    else if (state?.terminated !== undefined) reason = exitReason(state.terminated);
    else if (ready === true && state?.running !== undefined) isRunning = true;
  }
  if (reason !== 'Completed' || !isRunning) return reason;
  const isReady =
    status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  return isReady ? 'Running' : 'NotReady';
}
