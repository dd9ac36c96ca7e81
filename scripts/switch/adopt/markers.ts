/** The route markers of an adoption's own steps, which come before the markers of its switch. */
import { PLAIN } from '../cluster-state/plain-service.ts';
import type { SwitchContext } from '../context.ts';
import { createMarker } from '../routing/marker.ts';
import type { Move } from '../routing/traffic-routing.ts';

type Told = Pick<SwitchContext, 'record'>;

/** Stands in a marker for every version at once. */
const ALL = 'all';

const there = ({ record }: Told) => createMarker(ALL, PLAIN, record.id, record.attempt);
const back = ({ record }: Told) => createMarker(PLAIN, ALL, record.id, record.attempt);

/** Moves routes from all pods of the Service to the plain subset: the same pods. */
export const leadMove = (context: Told): Move => ({
  ...{ from: '', to: PLAIN, share: 100, marker: there(context), routes: context.record.routes },
});

export const leadMoveBack = (context: Told): Move => ({
  ...{ from: PLAIN, to: '', share: 100, marker: back(context), routes: context.record.routes },
  onlyMarked: there(context),
});

/** The markers that an adoption may have written into route names. */
export const leadMarkers = (context: Told): string[] => [there(context), back(context)];
