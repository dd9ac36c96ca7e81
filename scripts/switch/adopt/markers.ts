/** The names of an adoption in the routes, before those of the switch that follows in it. */
import { PLAIN } from '../cluster-state/plain-service.ts';
import type { SwitchContext } from '../context.ts';
import { createMarker } from '../routing/marker.ts';
import type { Move } from '../routing/traffic-routing.ts';

type Told = Pick<SwitchContext, 'record'>;

/** In a marker: every version at once. */
const ALL = 'all';

const there = ({ record }: Told) => createMarker(ALL, PLAIN, record.id, record.attempt);
const back = ({ record }: Told) => createMarker(PLAIN, ALL, record.id, record.attempt);

/** From every pod of the Service to the plain ones, which are the same. */
export const leadMove = (context: Told): Move => ({
  ...{ from: '', to: PLAIN, share: 100, marker: there(context), routes: context.record.routes },
});

export const leadMoveBack = (context: Told): Move => ({
  ...{ from: PLAIN, to: '', share: 100, marker: back(context), routes: context.record.routes },
  onlyMarked: there(context),
});

/** What an adoption has written into the names of routes. */
export const leadMarkers = (context: Told): string[] => [there(context), back(context)];
