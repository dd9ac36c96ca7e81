/** Decides from the state of the cluster what an adoption has to do. Reads and writes nothing. */
import { UsageError } from '../../shared/errors.ts';
import { describeLive, describeServing } from '../cluster-state/describe-serving.ts';
import { PLAIN } from '../cluster-state/plain-service.ts';
import type { State } from '../cluster-state/read-state.ts';
import type { Decision, Wish } from '../decide.ts';
import { isUnfinished } from '../lock/switch-record.ts';
import type { SwitchRecord } from '../lock/switch-record.ts';
import { plainSwitchCommand, waysOn } from '../next-command.ts';

export function decideAdoption(state: State, wish: Wish): Decision {
  const { app, to, undo } = wish;
  if (to === undefined)
    throw new UsageError('--as VERSION is missing: what the version is called, such as --as v1.');
  if (to === PLAIN)
    throw new UsageError(`--as ${PLAIN}: so the pods are called that serve now; choose another name.`);
  const { record, lastSeen } = state;
  if (isUnfinished(record)) {
    if (record.adopts && record.to === to)
      return { kind: undo ? 'undo' : 'switch', from: record.from, to, record };
    return { kind: 'refuse', message: halfDone(state, wish, record) };
  }
  const live = lastSeen.live();
  if (undo) return nothingToUndo(state, wish);
  const [serving, ...others] = live;
  if (serving === undefined || others.length > 0)
    return {
      kind: 'refuse',
      message: `${routes(state)} gives the traffic of ${app} to ${describeLive(live)}: give all of it to one Service first. Nothing was changed.`,
    };
  if (serving.subset === to)
    return {
      kind: 'nothing',
      live: to,
      message: `${to} serves all traffic of ${app} already, and can be switched.`,
    };
  if (serving.subset !== '')
    return {
      kind: 'refuse',
      message: `${app} is a service of versions already: ${routes(state)} leads to ${serving.subset}. To switch it: ${plainSwitchCommand(wish, to)}`,
    };
  const problem = notPlain(state, wish);
  if (problem !== undefined) return { kind: 'refuse', message: `${problem}. Nothing was changed.` };
  return { kind: 'switch', from: PLAIN, to, record: undefined };
}

const routes = ({ lastSeen: { routesName } }: State) => `The ${routesName.kind} ${routesName.name}`;

function halfDone({ live }: State, wish: Wish, { adopts, from, to }: SwitchRecord): string {
  const what = adopts
    ? `The adoption of ${wish.app} as ${to}`
    : `A switch of ${wish.app} from ${from} to ${to}`;
  return `${what} is half done (${describeLive(live)} serves). ${waysOn({ ...wish, adopt: adopts !== undefined }, to, true)}`;
}

function nothingToUndo({ live, record }: State, { app, to }: Wish): Decision {
  const message = `There is nothing to undo: ${describeServing(live)} of ${app}`;
  const isOver = record?.adopts !== undefined && record.phase === 'switched' && record.to === to;
  return isOver
    ? { kind: 'refuse', message: `${message}, and the Deployment that it was made of is gone.` }
    : { kind: 'nothing', live: describeLive(live), message: `${message}.` };
}

/** Why the pods that serve cannot be determined; undefined when they can. */
function notPlain({ plain, deployments }: State, { app }: Wish): string | undefined {
  const { deployments: found = [], hashes = [] } = plain ?? {};
  const [one, ...more] = found;
  const names = found.map(({ metadata }) => metadata.name).join(' and ');
  const labelled = deployments.filter(({ version }) => version !== PLAIN);
  if (labelled.length > 0) {
    const versions = labelled.map(({ version, deployment }) => `${deployment.metadata.name} (${version})`);
    return `The Service ${app} selects pods that are versions by their label: of Deployment ${versions.join(' and ')}. A plain service has one Deployment without it`;
  }
  if (one === undefined)
    return `The Service ${app} selects no Deployment's pods: what serves ${app} cannot be made a version`;
  if (more.length > 0)
    return `The Service ${app} selects the pods of more than one Deployment: ${names}. An adoption takes exactly one`;
  if (hashes.length > 1)
    return `The pods that the Service ${app} selects are not all of one template of Deployment ${names}: wait for its rollout to end, and take other pods out of the Service's selector`;
  return hashes.length === 0 || hashes[0] === ''
    ? `Deployment ${names} has no pods: nobody serves ${app}`
    : undefined;
}
