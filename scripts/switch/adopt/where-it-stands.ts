/** How far an adoption has come, read from the objects. */
import type { SwitchContext } from '../context.ts';
import type { TrafficRouting } from '../routing/traffic-routing.ts';

type Told = Pick<SwitchContext, 'lastSeen'>;

/** Whether an object of this kind exists. */
const has = ({ objects }: TrafficRouting, kind: string) =>
  objects.some(({ resource }) => resource.kind === kind);

export const hasRoutes = ({ lastSeen }: Told) => has(lastSeen, lastSeen.routesName.kind);
export const hasSubsets = ({ lastSeen }: Told) => has(lastSeen, lastSeen.versionsName.kind);

/** True until the traffic has been shifted: a route still names the plain subset, or no subset. */
export const plainServes = ({ lastSeen, from }: Told & Pick<SwitchContext, 'from'>) =>
  lastSeen.names(from) || lastSeen.names('');
