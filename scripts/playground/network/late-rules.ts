import { drawMs, type Delay, type Random } from './random.ts';

/** Applies changes late, one sync for all changes that came meanwhile, and not at all while frozen. */
export interface LateRules {
  /** Something changed: sync after a lag drawn for it, unless one is already due. */
  changed(): void;
  freeze(): void;
  /** Applies everything missed at once. */
  thaw(): void;
  close(): void;
}

export function lateRules(options: { lag: Delay; random: Random; sync: () => void }): LateRules {
  let timer: NodeJS.Timeout | undefined;
  let frozen = false;
  let missed = false;

  function run(): void {
    timer = undefined;
    if (frozen) missed = true;
    else options.sync();
  }

  return {
    changed() {
      timer ??= setTimeout(run, drawMs(options.lag, options.random)).unref();
    },
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
      if (!missed) return;
      missed = false;
      options.sync();
    },
    close() {
      clearTimeout(timer);
      frozen = true;
    },
  };
}
