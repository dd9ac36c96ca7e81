import type { Probe } from '../pod-types.ts';
import type { ContainerProcess } from './container-process.ts';
import type { ContainerRecord } from './container-record.ts';
import type { ProbeKind } from './probe-counter.ts';
import { startProber, type Prober } from './prober.ts';

const ALL: ProbeKind[] = ['startup', 'readiness', 'liveness'];

/** The probes of one run and their results: started, ready, to be restarted. */
export class ContainerProbes {
  readonly #process: ContainerProcess;
  readonly #record: ContainerRecord;
  readonly #told: { onStarted: () => void; onUnhealthy: (message: string, graceMs: number) => void };
  readonly #probers = new Map<ProbeKind, Prober>();

  constructor(
    process: ContainerProcess,
    record: ContainerRecord,
    told: { onStarted: () => void; onUnhealthy: (message: string, graceMs: number) => void },
  ) {
    this.#process = process;
    this.#record = record;
    this.#told = told;
  }

  start(): void {
    const { container, changed } = this.#record.options;
    if (container.startupProbe === undefined) this.#becomeStarted();
    else changed();
    for (const kind of ALL) {
      const probe = container[`${kind}Probe`];
      if (probe !== undefined) this.#probers.set(kind, this.#probe(kind, probe));
    }
  }

  stop(kinds: ProbeKind[] = ALL): void {
    for (const kind of kinds) {
      this.#probers.get(kind)?.stop();
      this.#probers.delete(kind);
    }
  }

  #becomeStarted(): void {
    const { view, options } = this.#record;
    view.started = true;
    if (options.container.readinessProbe === undefined) view.ready = true;
    this.#told.onStarted();
    options.changed();
  }

  #probe(kind: ProbeKind, probe: Probe): Prober {
    const { view, options } = this.#record;
    return startProber({
      kind,
      probe,
      tickerFrom: options.tickerFrom,
      check: (one, timeoutMs) => this.#process.check(one, timeoutMs),
      enabled: () => kind === 'startup' || view.started,
      onFailure: (output) => {
        const name = `${kind[0]?.toUpperCase() ?? ''}${kind.slice(1)}`;
        this.#record.event('Warning', 'Unhealthy', `${name} probe failed: ${output}`);
      },
      onResult: (result) => {
        if (kind === 'readiness') {
          view.ready = result === 'success';
          options.changed();
        } else if (result === 'failure') {
          const message = `Container ${options.container.name} failed ${kind} probe, will be restarted`;
          this.#told.onUnhealthy(message, this.#record.graceMs(probe));
        } else if (kind === 'startup') {
          this.stop(['startup']);
          this.#becomeStarted();
          // Not a whole period later: a sidecar's readiness period is 15 s.
          // https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/kubelet/prober/prober_manager.go
          // (manualTriggerCh)
          this.#probers.get('readiness')?.trigger();
        }
      },
    });
  }
}
