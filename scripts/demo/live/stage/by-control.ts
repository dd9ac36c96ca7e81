import { CommandError } from '../../../shared/errors.ts';
import { readText, SHORT_ANSWER_LIMIT_BYTES } from '../../../shared/read-text.ts';
import type { RunningPlayground } from '../../../shared/running-playground.ts';
import { pause } from '../../../shared/wait.ts';
import type { StagePlayground } from './context.ts';

type Proxies = ReturnType<StagePlayground['proxies']>;

/**
 * Poll interval for the frozen proxies, in milliseconds: they also
 * change from a terminal, and a freeze ends by itself.
 */
const lookEveryMs = 250;
const answerWithinMs = 10_000;

/**
 * A playground that runs in another process, by its control port.
 *
 * @param onGone called when its control port no longer answers
 */
export async function watchPlayground(
  { kubeconfig, gatewayUrl, serviceUrl, controlUrl = '' }: RunningPlayground,
  onGone: (error: Error) => void,
): Promise<StagePlayground & { stop(): void }> {
  const stopped = new AbortController();
  const ask = async (method: 'GET' | 'POST', action: string, fields = {}): Promise<unknown> => {
    const url = `${controlUrl}/${action}?${new URLSearchParams(fields).toString()}`;
    const response = await fetch(url, { method, signal: AbortSignal.timeout(answerWithinMs) });
    const limits = { who: "The playground's control port", limitBytes: SHORT_ANSWER_LIMIT_BYTES };
    const said = JSON.parse(await readText(response.body, limits)) as { error?: string };
    if (!response.ok) throw new CommandError(said.error ?? `answered ${response.status}`);
    return said;
  };
  const act = async (action: string, fields: Record<string, string>): Promise<void> => {
    await ask('POST', action, fields);
    await look();
  };
  const look = async (): Promise<void> => {
    proxies = (await ask('GET', 'proxies')) as Proxies;
  };
  const follow = async (): Promise<void> => {
    for (;;) {
      await pause(lookEveryMs, stopped.signal);
      await look();
    }
  };
  let proxies: Proxies = [];
  await look();
  follow().catch((error: unknown) => {
    if (!stopped.signal.aborted) onGone(error as Error);
  });
  return {
    ...{ kubeconfig, gatewayUrl: gatewayUrl === '' ? undefined : gatewayUrl, serviceUrl },
    freeze: (proxy, { forMs } = {}) =>
      act('freeze', { proxy, ...(forMs === undefined ? {} : { for: `${forMs}ms` }) }),
    thaw: (proxy) => act('thaw', { proxy }),
    crash: (pod, { container }) => act('crash', { pod, container }),
    proxies: () => proxies,
    stop: () => stopped.abort(),
  };
}
