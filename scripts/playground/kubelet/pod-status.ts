import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodCondition,
  PodStatus,
} from '../pod-types.ts';

/** What the kubelet knows of one container right now. */
export interface ContainerView {
  spec: Container;
  state: ContainerState;
  lastState: ContainerState;
  ready: boolean;
  started: boolean;
  restartCount: number;
  containerId?: string;
}

export interface PodView {
  pod: Pod;
  now: string;
  startTime: string;
  sandboxReady: boolean;
  podIp?: string;
  init: ContainerView[];
  main: ContainerView[];
  /** Set when the whole pod came to an end for a reason of its own (evicted, deadline). */
  failure?: { reason: string; message: string };
}

/** An init container that stays: started before the apps, stopped after them. */
export function isNativeSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/**
 * The pod's status as the kubelet would report it, keeping the
 * transition times of conditions that did not change.
 */
export function computePodStatus(view: PodView): PodStatus {
  const { pod, podIp } = view;
  const phase = computePhase(view);
  const observedGeneration = pod.metadata.generation ?? 1;
  const previous = pod.status?.conditions ?? [];
  const finished = phase === 'Succeeded' || phase === 'Failed';
  const unready = finished
    ? []
    : view.main.concat(view.init.filter(({ spec }) => isNativeSidecar(spec))).filter(({ ready }) => !ready);
  const containersReady = readiness(phase, unready);
  const gates = (pod.spec?.readinessGates ?? []).filter(
    ({ conditionType }) => !previous.some(({ type, status }) => type === conditionType && status === 'True'),
  );
  const ready: Verdict =
    containersReady.status === 'True' && gates.length > 0
      ? {
          status: 'False',
          reason: 'ReadinessGatesNotReady',
          message: gates
            .map(
              ({ conditionType }) =>
                `corresponding condition of pod readiness gate "${conditionType}" does not exist.`,
            )
            .join(', '),
        }
      : containersReady;

  const conditions = [
    condition('PodReadyToStartContainers', { status: view.sandboxReady && !finished ? 'True' : 'False' }),
    condition('Initialized', initialized(view, finished)),
    condition('Ready', ready),
    condition('ContainersReady', containersReady),
    condition('PodScheduled', { status: 'True' }),
  ];
  const own = new Set(conditions.map(({ type }) => type));

  function condition(type: string, { status, reason, message }: Verdict): PodCondition {
    const before = previous.find((candidate) => candidate.type === type);
    return {
      type,
      observedGeneration,
      status,
      lastProbeTime: null,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : view.now,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    };
  }

  return {
    observedGeneration,
    phase,
    conditions: [...conditions, ...previous.filter(({ type }) => !own.has(type))],
    ...(view.failure ?? {}),
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    ...(podIp === undefined ? {} : { podIP: podIp, podIPs: [{ ip: podIp }] }),
    startTime: view.startTime,
    ...(view.init.length === 0 ? {} : { initContainerStatuses: view.init.map(containerStatus) }),
    containerStatuses: view.main.map(containerStatus),
    qosClass: pod.status?.qosClass ?? 'BestEffort',
  };
}

interface Verdict {
  status: 'True' | 'False';
  reason?: string;
  message?: string;
}

function readiness(phase: PodStatus['phase'], unready: ContainerView[]): Verdict {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  if (unready.length === 0) return { status: 'True' };
  const names = unready.map(({ spec }) => spec.name).join(' ');
  return {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${names}]`,
  };
}

function initialized(view: PodView, finished: boolean): Verdict {
  if (finished) return { status: 'True', reason: 'PodCompleted' };
  const open = view.init.filter(({ spec, state, started }) =>
    isNativeSidecar(spec) ? !started : state.terminated?.exitCode !== 0,
  );
  if (open.length === 0) return { status: 'True' };
  const names = open.map(({ spec }) => spec.name).join(' ');
  return {
    status: 'False',
    reason: 'ContainersNotInitialized',
    message: `containers with incomplete status: [${names}]`,
  };
}

/** Pending until every container was started once, then Running until none can run any more. */
export function computePhase(view: PodView): NonNullable<PodStatus['phase']> {
  if (view.failure) return 'Failed';
  const restart = view.pod.spec?.restartPolicy ?? 'Always';
  const deleted = view.pod.metadata.deletionTimestamp !== undefined;
  const failedInit = view.init.find(
    ({ spec, state }) => !isNativeSidecar(spec) && (state.terminated?.exitCode ?? 0) !== 0,
  );
  if (failedInit !== undefined && (restart === 'Never' || deleted)) return 'Failed';
  const began = ({ state, lastState }: ContainerView): boolean =>
    state.running !== undefined || state.terminated !== undefined || lastState.terminated !== undefined;
  const ended = (container: ContainerView): boolean => container.state.terminated !== undefined;
  const mainEnded = view.main.every(ended);
  // A deleted pod restarts no container, whatever the restart policy.
  if (mainEnded && (deleted || restart !== 'Always')) {
    const allGood = view.main.every(({ state }) => state.terminated?.exitCode === 0);
    if (allGood) return 'Succeeded';
    if (deleted || restart === 'Never') return 'Failed';
  }
  return view.main.every(began) ? 'Running' : 'Pending';
}

function containerStatus({
  spec,
  state,
  lastState,
  ready,
  started,
  restartCount,
  containerId,
}: ContainerView): ContainerStatus {
  return {
    name: spec.name,
    state,
    lastState,
    ready,
    restartCount,
    image: spec.image ?? '',
    imageID: containerId === undefined ? '' : `playground://${spec.image ?? ''}`,
    ...(containerId === undefined ? {} : { containerID: containerId }),
    started,
  };
}
