import { setTimeout as sleep } from 'node:timers/promises';
import type { Handler } from '../pod-types.ts';
import { httpGet, type CheckTarget } from './check.ts';

/**
 * Runs a lifecycle hook to its end. The status code of an httpGet is ignored; only a transport error, a
 * command that fails, or `signal` makes it throw. `signal` is for httpGet alone: Istio leads those through
 * pilot-agent, and when that is gone the hook breaks off (recorded on Istio 1.31-dev: EOF, reset or refused,
 * event FailedPreStopHook); exec and sleep need no sidecar.
 */
export async function runHook(target: CheckTarget, hook: Handler, signal: AbortSignal): Promise<void> {
  if (hook.httpGet) {
    await httpGet(target, hook.httpGet, { userAgent: 'kube-lifecycle/1.36', signal });
  } else if (hook.exec) {
    const command = hook.exec.command ?? [];
    const { code, output } = await target.exec(command, new AbortController().signal);
    if (code !== 0) throw new Error(`command '${command.join(' ')}' exited with ${code}: ${output}`);
  } else if (hook.sleep) {
    await sleep(hook.sleep.seconds * 1_000, undefined, { ref: false });
  }
}
