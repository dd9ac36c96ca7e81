/** HTTP into a pod over a port-forward: one request at a time, and each may find nobody there. */
import type { PodAnswer, PodForward, PodRequest } from '../../../scripts/shared/cluster/cluster.ts';
import { ClusterError } from '../../../scripts/shared/cluster/errors.ts';
import { onAbort } from './on-abort.ts';
import type { Connection, PodPort } from './connection.ts';

export function createForward({
  process,
  network,
  api,
  pods,
  timeoutMs: longestMs,
  target,
}: Connection & { target: PodPort }): PodForward {
  let turn: Promise<unknown> = Promise.resolve();
  const where = `${target.namespace}/${target.pod}:${target.port}`;
  const unreachable = (why: string) =>
    new ClusterError(`${where} does not answer: ${why}`, { status: 0, reason: 'Unreachable' });

  const once = (path: string, { timeoutMs = longestMs, signal, shorten }: PodRequest) =>
    new Promise<PodAnswer>((resolve, reject: (error: Error) => void) => {
      signal?.throwIfAborted();
      const fate = network.fate();
      const [thereMs, backMs] = [network.latencyMs(), network.latencyMs()];
      let cancel: () => void = () => undefined;
      const settle = (settled: () => void) => {
        cancel();
        forget();
        settled();
      };
      const forget = onAbort(signal, () => settle(() => reject(signal?.reason as Error)));
      const answer = (ms: number, give: () => void) => {
        cancel = process.deliver(ms, () => settle(give));
      };
      if (fate.kind === 'hangs') {
        answer(timeoutMs, () => reject(unreachable(`no answer in ${timeoutMs} ms`)));
        return;
      }
      if (fate.kind !== 'answered') {
        answer(thereMs + backMs, () => reject(unreachable('the connection broke')));
        return;
      }
      answer(timeoutMs, () => reject(unreachable(`no answer in ${timeoutMs} ms`)));
      api.arrive(thereMs, () => {
        let give: () => void;
        try {
          const found = pods.ask(target, path);
          if (found === undefined) return;
          const body = shorten?.(Buffer.from(found.body)) ?? found.body;
          give = () => resolve({ headers: {}, ...found, body });
        } catch (error) {
          give = () => reject(error as Error);
        }
        cancel();
        answer(backMs, give);
      });
    });

  return {
    request(path, options = {}) {
      const mine = turn.then(() => once(path, options));
      turn = mine.catch(() => undefined);
      return mine;
    },
    close: () => undefined,
  };
}
