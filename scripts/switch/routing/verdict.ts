/** The result of a proxy's answer for a claim. */
export type Verdict =
  | { proven: true; /** False: the proxy has nothing to do with this service. */ consumer: boolean }
  | {
      proven: false;
      /** What the proxy showed instead, for messages. */
      saw: string;
      /** The earliest time until a proof, in milliseconds: it need not be asked before. */
      againMs?: number;
    };

export const proven = (consumer = true): Verdict => ({ proven: true, consumer });
export const unproven = (saw: string, againMs?: number): Verdict =>
  againMs === undefined ? { proven: false, saw } : { proven: false, saw, againMs };

/** Describes a dump that has something else than configurations of this kind. An empty dump is readable. */
export function unreadableIn(dump: unknown, part: string): string | undefined {
  const { configs = [] } = (dump ?? {}) as { configs?: unknown };
  if (typeof dump !== 'object' || dump === null || Array.isArray(dump) || !Array.isArray(configs))
    return 'an answer that is no configuration dump';
  const odd = configs.find((config: unknown) => {
    const found = (config as Record<string, unknown> | null)?.[part];
    return typeof found !== 'object' || found === null;
  }) as unknown;
  return odd === undefined ? undefined : `a configuration without ${part}`;
}
