import path from 'node:path';
import type { Container, Pod, Probe } from '../pod-types.ts';
import { openContainerLog, type ContainerLog } from './container-log.ts';
import type { KubeletContext } from './context.ts';
import type { PodSandbox } from './pod-sandbox.ts';
import type { ContainerView } from './pod-status.ts';

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

/** A container of a pod on this node. */
export interface ContainerOptions {
  context: KubeletContext;
  /** The pod as it is now. */
  pod: () => Pod;
  sandbox: PodSandbox;
  container: Container;
  restartPolicy: RestartPolicy;
  kind: 'init' | 'sidecar' | 'main';
  /** When the probes' common ticker began (`Date.now()`). */
  tickerFrom: number;
  /** Called when the status has to be written again. */
  changed: () => void;
}

/** The record of one container: its part of the pod's status, its events, the logs of its last two runs. */
export class ContainerRecord {
  readonly options: ContainerOptions;
  readonly view: ContainerView;
  readonly #logs: ContainerLog[] = [];

  constructor(options: ContainerOptions) {
    this.options = options;
    const hasInit = (options.pod().spec?.initContainers?.length ?? 0) > 0;
    const reason = options.kind === 'main' && hasInit ? 'PodInitializing' : 'ContainerCreating';
    this.view = {
      spec: options.container,
      state: { waiting: { reason } },
      lastState: {},
      ready: false,
      started: false,
      restartCount: 0,
    };
  }

  event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { context, pod, kind, container } = this.options;
    const list = kind === 'main' ? 'containers' : 'initContainers';
    context.events.record(pod(), { type, reason, message, fieldPath: `spec.${list}{${container.name}}` });
  }

  /** Writes the state, and the other fields that change with it. */
  become(state: ContainerView['state'], more: Partial<ContainerView> = {}): void {
    Object.assign(this.view, more, { state });
    this.options.changed();
  }

  openLog(): ContainerLog {
    const { sandbox, container } = this.options;
    return openContainerLog(
      path.join(sandbox.folder, 'logs', container.name, `${this.view.restartCount}.log`),
    );
  }

  /** Keeps this run's log beside the previous run's. */
  keepLog(log: ContainerLog): void {
    this.#logs.unshift(log);
    this.#logs.splice(2);
  }

  logOf(previous: boolean): ContainerLog | undefined {
    return this.#logs[previous ? 1 : 0];
  }

  /** The grace period, in milliseconds; a failed probe may bring its own. */
  graceMs(probe?: Probe): number {
    const ofThePod = this.options.pod().spec?.terminationGracePeriodSeconds;
    return (probe?.terminationGracePeriodSeconds ?? ofThePod ?? 30) * 1_000;
  }
}
