/** The name of a switch in the names of the routes it wrote: proxies show it, so each can prove which revision it has. */
const MARKER = /(?:^|--)switch-[a-z0-9.-]+-to-[a-z0-9.-]+-[0-9a-f]{8}(?:-p\d+)?$/;

/** The author's name; empty where the author gave none. */
export function withoutMarker(name: string | undefined): string {
  return (name ?? '').replace(MARKER, '');
}

/** `first-release` becomes `first-release--switch-v1-to-v2-1a2b3c4d`: the author's name stays, an earlier marker goes. */
export function withMarker(name: string | undefined, marker: string): string {
  const own = withoutMarker(name);
  return own === '' ? marker : `${own}--${marker}`;
}

/** Whether the route was last written by this switch, at whatever share. */
export function hasMarker({ name = '' }: { name?: string }, marker: string): boolean {
  const own = MARKER.exec(name)?.[0]
    .replace(/^--/, '')
    .replace(/-p\d+$/, '');
  return own === marker;
}

export function createMarker(from: string, to: string, id: string): string {
  return `switch-${from}-to-${to}-${id}`;
}
