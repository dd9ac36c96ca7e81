/** Decides from the state and the request what a run has to do. Reads and writes nothing. */
import { UsageError } from '../shared/errors.ts';
import { isUnfinished } from './lock/switch-record.ts';
import type { SwitchRecord } from './lock/switch-record.ts';
import { describeLive, describeServing } from './cluster-state/describe-serving.ts';
import type { State } from './cluster-state/read-state.ts';
import { canServeAgain, findVersion } from './cluster-state/versions.ts';
import { plainSwitchCommand, undoCommand, waysOn } from './next-command.ts';
import type { SwitchOptions } from './types.ts';

export type Decision =
  /** Run the steps; `record` says whether they are new or a killed run's. */
  | { kind: 'switch' | 'undo'; from: string; to: string; record: SwitchRecord | undefined }
  | { kind: 'nothing'; live: string; message: string }
  | { kind: 'refuse'; message: string };

export type Wish = Pick<SwitchOptions, 'app' | 'to' | 'undo' | 'sameCluster'>;

export function decide(state: State, wish: Wish): Decision {
  return wish.undo ? decideUndo(state, wish) : decideSwitch(state, wish);
}

function decideSwitch(state: State, wish: Wish): Decision {
  const { app, to } = wish;
  if (to === undefined)
    throw new UsageError('--to VERSION is missing: the version to switch to, such as --to v2.');
  const { record, live } = state;
  if (isUnfinished(record)) {
    if (record.adopts) return adoptionUnderWay(state, wish, record);
    if (record.to === to) return { kind: 'switch', from: record.from, to, record };
    const canGoBack = canServeAgain(findVersion(state.deployments, record.from));
    const back = canGoBack ? `, or roll it back with: ${undoCommand(wish, record.to)}` : '';
    return {
      kind: 'refuse',
      message:
        `A switch of ${app} from ${record.from} to ${record.to} is half done (${describeLive(live)} serves). ` +
        `Finish it with: ${plainSwitchCommand(wish, record.to)}${back}`,
    };
  }
  if (live.length !== 1 || live[0]?.subset === '') {
    return {
      kind: 'refuse',
      message:
        live.length > 1
          ? `${routes(state)} divides the traffic (${describeLive(live)}), and no switch of ours did that: give it to one version first.`
          : `${routes(state)} ${state.lastSeen.howToName}`,
    };
  }
  const from = live[0]?.subset ?? '';
  if (from === to)
    return { kind: 'nothing', live: to, message: `${to} already serves all traffic of ${app}.` };
  return { kind: 'switch', from, to, record: undefined };
}

const routes = ({ lastSeen: { routesName } }: State) => `The ${routesName.kind} ${routesName.name}`;

/** Refuses a switch while an adoption is unfinished: only `adopt` can continue it or roll it back. */
function adoptionUnderWay({ live, deployments }: State, wish: Wish, { from, to }: SwitchRecord): Decision {
  const canGoBack = canServeAgain(findVersion(deployments, from));
  const ways = waysOn({ ...wish, adopt: true }, to, canGoBack);
  const message = `The adoption of ${wish.app} as ${to} is half done (${describeLive(live)} serves). ${ways}`;
  return { kind: 'refuse', message };
}

function decideUndo(state: State, wish: Wish): Decision {
  const { app, to } = wish;
  const { record, live, deployments } = state;
  if (isUnfinished(record) && record.adopts) return adoptionUnderWay(state, wish, record);
  const has = (version: string) => canServeAgain(findVersion(deployments, version));
  if (to !== undefined && record !== undefined && record.to !== to && isUnfinished(record)) {
    return {
      kind: 'refuse',
      message: `The switch under way is from ${record.from} to ${record.to}; roll it back with: ${undoCommand(wish, record.to)}`,
    };
  }
  const isThis = record !== undefined && (to === undefined || record.to === to);
  if (isThis && (isUnfinished(record) || (record.phase === 'switched' && has(record.from)))) {
    return { kind: 'undo', from: record.from, to: record.to, record };
  }
  const target = to ?? record?.to;
  if (target !== undefined && live.some(({ subset }) => subset === target)) {
    const back =
      record?.to === target && !record.adopts
        ? ` To roll back, switch: ${plainSwitchCommand(wish, record.from)}`
        : '';
    return {
      kind: 'refuse',
      message: `There is nothing to undo: the switch of ${app} to ${target} is finished and its old version is gone.${back}`,
    };
  }
  return {
    kind: 'nothing',
    live: describeLive(live),
    message: `There is nothing to undo: ${describeServing(live)} of ${app}.`,
  };
}
