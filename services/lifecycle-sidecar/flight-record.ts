import type { Account } from './watch.ts';

/** What happened in a pod's last seconds, for people who look at it later. */
export interface FlightRecord {
  record: 'flight';
  pod: string;
  /** How the app was watched. */
  watch: string;
  /** What began it: the kubelet's hook, or, without one, SIGTERM to the sidecar. */
  began: 'preStop' | 'SIGTERM';
  beganAt: string;
  /** How the hook ended; null while it has not. */
  outcome: string | null;
  /** Milliseconds after `beganAt`; null: not seen. */
  afterMs: {
    endpointGone: number | null;
    lastConnection: number | null;
    lastRequest: number | null;
    quiet: number | null;
    answered: number | null;
    sigterm: number | null;
    exit: number | null;
  };
  servedWhileDraining: number | null;
  cut: { requests: number; connections: number } | null;
  /** The last reason for which the app could not be seen, if any. */
  trouble: string | null;
}

/** Moments of a flight, on the sidecar's clock. */
export interface Moments {
  beganAt: number;
  endpointGoneAt?: number;
  quietAt?: number;
  answeredAt?: number;
  sigtermAt?: number;
  exitAt?: number;
}

export interface FlightFacts {
  pod: string;
  watch: string;
  began: FlightRecord['began'];
  beganAtWallClock: Date;
  outcome: string | undefined;
  moments: Moments;
  account: Account;
  trouble: string | undefined;
}

export function composeRecord({ moments, account, ...facts }: FlightFacts): FlightRecord {
  const after = (at: number | undefined): number | null =>
    at === undefined ? null : Math.round(at - moments.beganAt);
  return {
    record: 'flight',
    pod: facts.pod,
    watch: facts.watch,
    began: facts.began,
    beganAt: facts.beganAtWallClock.toISOString(),
    outcome: facts.outcome ?? null,
    afterMs: {
      endpointGone: after(moments.endpointGoneAt),
      lastConnection: after(account.lastConnectionAt),
      lastRequest: after(account.lastRequestAt),
      quiet: after(account.quietAt ?? moments.quietAt),
      answered: after(moments.answeredAt),
      sigterm: after(account.signalledAt ?? moments.sigtermAt),
      exit: after(moments.exitAt),
    },
    servedWhileDraining: account.servedWhileDraining ?? null,
    cut: account.cut ?? null,
    trouble: facts.trouble ?? null,
  };
}
