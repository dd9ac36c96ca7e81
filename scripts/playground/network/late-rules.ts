import { drawMs, type Delay, type Random } from './random.ts';

/** Applies changes late, one sync for all changes that came meanwhile, and not at all while frozen. */
export interface LateRules {
  /** Something changed: a sync follows, unless one is already due. */
  changed(): void;
  freeze(): void;
  /** Applies everything missed at once. */
  thaw(): void;
  close(): void;
}

export interface LateRulesOptions {
  /** Change -> sync done, when no sync was shortly before. */
  lag: Delay;
  /** Two syncs are at least this far apart, in ms: kube-proxy's minSyncPeriod. */
  minPeriodMs: number;
  random: Random;
  sync: () => void;
}

export function lateRules({ lag, minPeriodMs, random, sync }: LateRulesOptions): LateRules {
  let timer: NodeJS.Timeout | undefined;
  let lastStart = -Infinity;
  let frozen = false;
  let missed = false;

  function run(): void {
    timer = undefined;
    if (frozen) missed = true;
    else sync();
  }

  return {
    changed() {
      if (timer !== undefined) return;
      const now = Date.now();
      // A sync begins at the change, or one period after the last one began; it takes effect when it is done.
      const start = Math.max(now, lastStart + minPeriodMs);
      lastStart = start;
      timer = setTimeout(run, start - now + drawMs(lag, random)).unref();
    },
    freeze() {
      frozen = true;
    },
    thaw() {
      frozen = false;
      if (!missed) return;
      missed = false;
      sync();
    },
    close() {
      clearTimeout(timer);
      frozen = true;
    },
  };
}
