/**
 * Recorded names of things (uids, versions, generated names, tokens of
 * lists) and what they are called in this run.
 */
export class Names {
  private readonly words = new Map<string, string>();
  private readonly versions = new Map<string, string>();

  word(recorded: string, here: string): void {
    if (recorded !== here) this.words.set(recorded, here);
  }

  /** Puts this run's names into a recorded text. */
  inText(text: string): string {
    let result = text.replace(/([?&]resourceVersion=)(\d+)/, (_, head: string, version: string) => {
      return head + (this.versions.get(version) ?? version);
    });
    for (const [recorded, here] of this.words) result = result.replaceAll(recorded, here);
    return result;
  }

  /** Puts this run's names into a recorded body. */
  inBody(value: unknown): unknown {
    if (typeof value === 'string') return this.inText(value);
    if (Array.isArray(value)) return value.map((item) => this.inBody(item));
    if (typeof value !== 'object' || value === null) return value;
    const { path } = value as { path?: unknown };
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        const isVersion =
          key === 'resourceVersion' || (key === 'value' && path === '/metadata/resourceVersion');
        return [
          key,
          isVersion && typeof inner === 'string' ? (this.versions.get(inner) ?? inner) : this.inBody(inner),
        ];
      }),
    );
  }

  /** Learns from an answer that was recorded and the one that came now. */
  learn(recorded: unknown, here: unknown): void {
    if (Array.isArray(recorded) && Array.isArray(here)) {
      recorded.forEach((item, index) => this.learn(item, here[index]));
      return;
    }
    if (!isObject(recorded) || !isObject(here)) return;
    for (const [key, value] of Object.entries(recorded)) {
      const mine = here[key];
      if (typeof value !== 'string' || typeof mine !== 'string') this.learn(value, mine);
      else if (key === 'resourceVersion') this.versions.set(value, mine);
      else if (key === 'uid' || key === 'continue') this.word(value, mine);
      else if (key === 'serverRelativeURL') this.word(hashOf(value), hashOf(mine));
      else if (key === 'name' && typeof recorded['generateName'] === 'string') this.word(value, mine);
    }
  }
}

const hashOf = (url: string): string => url.slice(url.indexOf('hash=') + 'hash='.length);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What differs from run to run, made equal: uids, versions, addresses, times, generated names. */
export function masked(text: string): string {
  return (
    text
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replace(/\b\d{1,3}(\.\d{1,3}){3}\b/g, '<ip>')
      .replace(/(resourceVersion\\*":\\*")\d+/g, '$1<rv>')
      .replace(/(current: |in record \()\d+/g, '$1<rv>')
      // The object as a whole: its fields come in Go's order there.
      .replace(/Invalid value: "\{\\*".*\}"/g, 'Invalid value: <the whole object>')
      .replace(/Invalid value: \\"\{\\+".*\}\\"/g, 'Invalid value: <the whole object>')
      .replace(
        /\b(web|pat|ok|gen)(-[bcdf-hj-np-tv-z0-9]{5,10})?-[bcdf-hj-np-tv-z2-9]{5}\b/g,
        '$1-<generated>',
      )
  );
}
