/** How far an adoption has come, as the objects show it. */
import type { SwitchContext } from '../context.ts';
import type { TrafficRouting } from '../routing/traffic-routing.ts';

type Told = Pick<SwitchContext, 'lastSeen'>;

/** Whether the object of this kind exists by now. */
const has = ({ objects }: TrafficRouting, kind: string) =>
  objects.some(({ resource }) => resource.kind === kind);

export const hasRoutes = ({ lastSeen }: Told) => has(lastSeen, lastSeen.routesName.kind);
export const hasSubsets = ({ lastSeen }: Told) => has(lastSeen, lastSeen.versionsName.kind);

/** Until the traffic has been shifted: a route names the plain pods, or every pod still. */
export const plainServes = ({ lastSeen, from }: Told & Pick<SwitchContext, 'from'>) =>
  lastSeen.names(from) || lastSeen.names('');
