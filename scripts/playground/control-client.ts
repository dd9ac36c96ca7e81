import { UsageError } from '../shared/errors.ts';
import { readText } from '../shared/read-text.ts';
import { findRunningPlayground, findRunningPlaygrounds } from '../shared/running-playground.ts';

const actions = new Map<string, 'GET' | 'POST'>([
  ['proxies', 'GET'],
  ['freeze', 'POST'],
  ['thaw', 'POST'],
]);

/**
 * Sends `freeze proxy=gateway for=12s` to the running playground and returns its answer, as JSON text. With
 * several, `pid=NUMBER` says which. Throws UsageError.
 * @param folder where playgrounds leave word, as `ownFolder` names it
 */
export async function sendControl([action = '', ...parameters]: string[], folder: string): Promise<string> {
  const method = actions.get(action);
  if (method === undefined) {
    throw new UsageError(`ctl: no action "${action}"; there are: ${[...actions.keys()].join(', ')}.`);
  }
  const wrong = parameters.find((parameter) => !/^(proxy|for|pid)=./.test(parameter));
  if (wrong !== undefined)
    throw new UsageError(`ctl ${action}: expected proxy=NAME, for=DURATION or pid=NUMBER, got "${wrong}".`);
  const pid = parameters.find((parameter) => parameter.startsWith('pid='))?.slice('pid='.length);
  const running =
    pid === undefined
      ? findRunningPlayground(folder)
      : findRunningPlaygrounds(folder).find((one) => String(one.pid) === pid);
  if (running?.controlUrl === undefined) {
    throw new UsageError(
      pid === undefined
        ? 'ctl: no playground is running. Start one with "npm run playground".'
        : `ctl: process ${pid} is no running playground.`,
    );
  }
  const response = await fetch(`${running.controlUrl}/${action}?${parameters.join('&')}`, { method });
  const text = (await readText(response.body, { who: `The playground at ${running.controlUrl}` })).trim();
  if (!response.ok) throw new UsageError(`ctl ${action}: ${(JSON.parse(text) as { error: string }).error}`);
  return text;
}
