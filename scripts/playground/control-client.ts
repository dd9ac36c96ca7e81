import { UsageError } from '../shared/errors.ts';
import { findRunningPlayground } from '../shared/running-playground.ts';

const actions: Record<string, 'GET' | 'POST'> = { proxies: 'GET', freeze: 'POST', thaw: 'POST' };

/** Sends `freeze proxy=gateway for=12s` to the running playground and returns its answer, as JSON text. Throws UsageError. */
export async function sendControl([action = '', ...parameters]: string[]): Promise<string> {
  const method = actions[action];
  if (method === undefined) {
    throw new UsageError(`ctl: no action "${action}"; there are: ${Object.keys(actions).join(', ')}.`);
  }
  const wrong = parameters.find((parameter) => !/^(proxy|for)=./.test(parameter));
  if (wrong !== undefined)
    throw new UsageError(`ctl ${action}: expected proxy=NAME or for=DURATION, got "${wrong}".`);
  const running = findRunningPlayground();
  if (running?.controlUrl === undefined) {
    throw new UsageError('ctl: no playground is running. Start one with "npm run playground".');
  }
  const response = await fetch(`${running.controlUrl}/${action}?${parameters.join('&')}`, { method });
  const text = (await response.text()).trim();
  if (!response.ok) throw new UsageError(`ctl ${action}: ${(JSON.parse(text) as { error: string }).error}`);
  return text;
}
