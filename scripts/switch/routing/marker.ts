/** The name of a switch in the names of the routes it wrote: a proxy proves by it which revision it has. */
const MARKER = /(?:^|--)(switch-[a-z0-9.-]+-to-[a-z0-9.-]+-[0-9a-f]{8})(?:-r\d+)?(?:-i\d+)?(?:-p\d+)?$/;

/** The author's name; empty where the author gave none. */
export function withoutMarker(name: string | undefined): string {
  return (name ?? '').replace(MARKER, '');
}

/** `first-release` becomes `first-release--switch-v1-to-v2-1a2b3c4d`. An earlier marker goes. */
export function withMarker(name: string | undefined, marker: string): string {
  const own = withoutMarker(name);
  return own === '' ? marker : `${own}--${marker}`;
}

/** Whether the route was last written by this switch, by whichever of its runs and at whatever share. */
export function hasMarker({ name = '' }: { name?: string }, marker: string): boolean {
  const own = MARKER.exec(name)?.[1];
  return own !== undefined && own === MARKER.exec(marker)?.[1];
}

/**
 * @param attempt which run of the switch writes it, from 1 on. None writes the same marker twice: a proxy
 * that shows one has the routes that were written with it, and not those of a run before, with others still
 * on their way to it.
 */
export function createMarker(from: string, to: string, id: string, attempt = 1): string {
  const run = attempt > 1 ? `-r${attempt}` : '';
  return `switch-${from}-to-${to}-${id}${run}`;
}
