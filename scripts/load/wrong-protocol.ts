import type { Outcome } from './connection.ts';
import { speaksTls, type TlsAddress } from './tls-check.ts';

/** Checks the first outcomes: a server may answer that it expects another protocol. */
export interface WrongProtocol {
  observe(outcome: Outcome): void;
  /** Aborted when it is proven; `said` then explains it. */
  readonly proven: AbortSignal;
  readonly said: string | undefined;
  /** Resolves when no check is under way any more. */
  settled(): Promise<void>;
}

/**
 * http:// to a port that speaks TLS cannot be detected before something is sent: the server closes, or
 * answers 400. So the first request that fails, while none has succeeded, triggers one TLS handshake there.
 */
export function watchForWrongProtocol(url: URL, tls: TlsAddress, signal: AbortSignal): WrongProtocol {
  const proven = new AbortController();
  let said: string | undefined;
  let decided = false;
  let served = false;
  let looking: Promise<void> = Promise.resolve();
  const prove = (text: string): void => {
    said = text;
    proven.abort();
  };
  const tryTls = async (): Promise<void> => {
    if ((await speaksTls(tls, signal)) && !served)
      prove(
        `${url.host} speaks TLS, and --url says http://. Use https:// there. The load was aborted at the first answer.`,
      );
  };
  return {
    observe(outcome) {
      if (outcome.kind === 'answer' && outcome.status < 400) served = true;
      if (decided) return;
      decided = true;
      if (outcome.kind === 'answer') {
        if (outcome.status !== 400) return;
        if (url.protocol === 'http:') looking = tryTls();
        else if (/(ssl|client|tls) certificate/i.test(outcome.bodyStart))
          prove(
            `${url.host} demands a client certificate (it answers 400). Show one with --cert-file FILE --key-file FILE. The load was aborted at the first answer.`,
          );
        return;
      }
      if (url.protocol === 'http:' && outcome.kind !== 'refused' && outcome.kind !== 'unreachable')
        looking = tryTls();
    },
    proven: proven.signal,
    get said() {
      return said;
    },
    settled: () => looking,
  };
}
