/** The marker of a switch in the names of its routes: it shows which revision a proxy has. */
const MARKER = /(?:^|--)(switch-[a-z0-9.-]+-to-[a-z0-9.-]+-[0-9a-f]{8})(?:-r\d+)?(?:-i\d+)?(?:-p\d+)?$/;

/** The name that the author gave; empty where there is none. */
export function withoutMarker(name: string | undefined): string {
  return (name ?? '').replace(MARKER, '');
}

/** `first-release` becomes `first-release--switch-v1-to-v2-1a2b3c4d`. An earlier marker is removed. */
export function withMarker(name: string | undefined, marker: string): string {
  const own = withoutMarker(name);
  return own === '' ? marker : `${own}--${marker}`;
}

/** Whether this switch was the last to write the route, in any of its runs and at any share. */
export function hasMarker({ name = '' }: { name?: string }, marker: string): boolean {
  const own = MARKER.exec(name)?.[1];
  return own !== undefined && own === MARKER.exec(marker)?.[1];
}

/**
 * @param attempt the number of the switch's run, from 1 on. Each run has its own marker: a proxy that shows
 * it has this run's routes, and not those of an earlier run while later ones are still to arrive.
 */
export function createMarker(from: string, to: string, id: string, attempt = 1): string {
  const run = attempt > 1 ? `-r${attempt}` : '';
  return `switch-${from}-to-${to}-${id}${run}`;
}
