import type { Clock } from '../shared/clock.ts';
import { tokenHeader } from '../shared/effects.ts';
import { ask, isRefused } from './ask.ts';
import { type Account, type Look, reasonOf, type Watch } from './watch.ts';

export interface LifecycleWatchOptions {
  adminUrl: string;
  clock: Clock;
  lookTimeoutMs: number;
  /** How long to hold the request for the last account. */
  graceMs: number;
  /** The token that the app requires for a drain; empty: none. */
  preStopToken: string;
}

/** What is read of `GET /lifecycle`; everything else is the app's business. */
interface Description {
  instanceId?: string;
  state: string;
  shutdown?: string;
  drained: string | null;
}

/** For an app that can drain itself: it owns the rule, since only it can tell its callers. */
export function createLifecycleWatch({
  adminUrl,
  clock,
  lookTimeoutMs,
  graceMs,
  preStopToken,
}: LifecycleWatchOptions): Watch {
  let instanceId: string | undefined;
  let account: Account = {};
  let waitingForTheLast = false;
  let wanted = false;

  const read = (body: string): Description => {
    const description = parse(body);
    account = merge(account, readAccount(body, clock.now()));
    return description;
  };

  const awaitTheLastAccount = (): void => {
    if (waitingForTheLast) return;
    waitingForTheLast = true;
    // Answered when the app has closed; if it dies instead, what was seen before is the last.
    ask(`${adminUrl}/lifecycle?until=closed`, { timeoutMs: graceMs })
      .then(({ body }) => read(body))
      .catch(() => undefined)
      .finally(() => (waitingForTheLast = false));
  };

  const headers: Record<string, string> = preStopToken === '' ? {} : { [tokenHeader]: preStopToken };
  const askToDrain = (): void => {
    // The response comes only when drained: not awaited, the state is polled.
    ask(`${adminUrl}/lifecycle/drain`, { method: 'POST', headers, timeoutMs: graceMs }).catch(
      () => undefined,
    );
  };

  return {
    name: 'lifecycle',
    beginDrain() {
      wanted = true;
      instanceId = undefined;
      account = {};
      askToDrain();
      awaitTheLastAccount();
      return Promise.resolve(true);
    },
    async look(): Promise<Look> {
      try {
        const { status, body } = await ask(`${adminUrl}/lifecycle`, { timeoutMs: lookTimeoutMs });
        if (status !== 200) return { app: 'unknown', reason: `GET /lifecycle answered ${status}` };
        const { state, drained, instanceId: seen } = read(body);
        instanceId ??= seen;
        if (seen !== instanceId) return { app: 'gone' };
        if (drained !== null) return { app: 'drained', outcome: drained };
        if (state === 'closing' || state === 'closed') return { app: 'drained', outcome: state };
        if (state === 'draining' || state === 'quiet') return { app: 'draining' };
        // Not heard yet; asking twice does no harm.
        if (wanted) askToDrain();
        return { app: 'draining' };
      } catch (error) {
        return isRefused(error) ? { app: 'gone' } : { app: 'unknown', reason: reasonOf(error) };
      }
    },
    account: () => account,
    async works() {
      try {
        const { status, body } = await ask(`${adminUrl}/lifecycle`, { timeoutMs: lookTimeoutMs });
        return status === 200 && parse(body).shutdown !== 'naive';
      } catch {
        return false;
      }
    },
  };
}

function parse(body: string): Description {
  const value: unknown = JSON.parse(body);
  if (typeof value !== 'object' || value === null || !('state' in value) || typeof value.state !== 'string')
    throw new Error(`GET /lifecycle answered no state: ${body.slice(0, 80)}`);
  const { state, instanceId, shutdown, drained } = value as Record<string, unknown> & { state: string };
  return {
    state,
    ...(typeof instanceId === 'string' ? { instanceId } : {}),
    ...(typeof shutdown === 'string' ? { shutdown } : {}),
    drained: typeof drained === 'string' ? drained : null,
  };
}

/** An age is as old as its answer was slow: of what happens only once, the earliest estimate is the best. */
function merge(before: Account, now: Account): Account {
  const merged = { ...before, ...now };
  for (const once of ['quietAt', 'signalledAt'] as const) {
    const [a, b] = [before[once], now[once]];
    if (a !== undefined && b !== undefined) merged[once] = Math.min(a, b);
  }
  return merged;
}

function readAccount(body: string, now: number): Account {
  const value = JSON.parse(body) as Record<string, unknown> & { stateAgesMs?: Record<string, unknown> };
  const at = (age: unknown): number | undefined => (typeof age === 'number' ? now - age : undefined);
  const known = {
    lastConnectionAt: at(value.lastConnectionAgeMs),
    lastRequestAt: at(value.lastRequestAgeMs),
    quietAt: at(value.stateAgesMs?.quiet),
    signalledAt: at(value.signalAgeMs),
    servedWhileDraining:
      typeof value.servedWhileDraining === 'number' ? value.servedWhileDraining : undefined,
    cut: isCut(value.cut) ? value.cut : undefined,
  };
  return Object.fromEntries(Object.entries(known).filter(([, part]) => part !== undefined));
}

function isCut(value: unknown): value is { requests: number; connections: number } {
  const { requests, connections } = (value ?? {}) as Record<string, unknown>;
  return typeof requests === 'number' && typeof connections === 'number';
}
