/** What one proxy's answer says about one claim. */
export type Verdict =
  | { proven: true; /** False: the proxy has nothing to do with this service. */ consumer: boolean }
  | {
      proven: false;
      /** What it showed instead, for a person. */
      saw: string;
      /** It may be proven after so long and not before, in milliseconds. */
      againMs?: number;
    };

export const proven = (consumer = true): Verdict => ({ proven: true, consumer });
export const unproven = (saw: string, againMs?: number): Verdict =>
  againMs === undefined ? { proven: false, saw } : { proven: false, saw, againMs };

/** What a configuration dump has instead of configurations of this kind. An answer without any has none. */
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
