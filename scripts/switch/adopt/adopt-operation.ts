/** The adoption of a plain Deployment. It is run, locked, proven, resumed and rolled back like a switch. */
import type { State } from '../cluster-state/read-state.ts';
import { planToTheEnd } from '../plan.ts';
import { plainSwitchCommand } from '../next-command.ts';
import type { Operation } from '../operation.ts';
import { verifyAccess } from '../preflight/access.ts';
import { preflightWith } from '../preflight/preflight.ts';
import { runOperation } from '../run-switch.ts';
import type { SwitchRecord } from '../lock/switch-record.ts';
import { switchOperation } from '../switch-operation.ts';
import type { Reporter, SwitchOptions, SwitchResult, Words } from '../types.ts';
import { adoptionChecks, rightsToAdopt } from './checks.ts';
import { copyOfPlain } from './copy-deployment.ts';
import { decideAdoption } from './decide-adoption.ts';
import { planAdoption, planAdoptionWayBack, planUndoAdoption } from './plan-adoption.ts';
import { readPlainState, whoServesPlain } from './read-plain-state.ts';

const words: Words = {
  begins(kind, { app, to }, isContinued) {
    const what =
      kind === 'undo'
        ? 'Rolling back the adoption of'
        : isContinued
          ? 'Continuing the adoption of'
          : 'Adopting';
    return `${what} ${app} as ${to}`;
  },
  done: ({ to }) => `${to} serves all traffic, and can be switched,`,
  next: (_names, options) =>
    `The next release: ${plainSwitchCommand({ ...options, adopt: false }, 'VERSION')}`,
  undone: (_names, isFailure, again) =>
    isFailure
      ? `The plain Deployment still serves all traffic. Once that is fixed: ${again}`
      : `The plain Deployment serves all traffic as before. To try once more: ${again}`,
  tooLate: () => 'the plain Deployment is deleted already: the adoption',
};

export const adoptOperation: Operation = {
  ...switchOperation,
  words,
  readState: readPlainState,
  whoServes: whoServesPlain,
  decide: decideAdoption,
  remember,
  preflight: preflightWith(adoptionChecks),
  async lookBeforeUndo(context, state) {
    const { cluster, signal, record } = context;
    if (record.adopts) await verifyAccess(cluster, signal, { rights: rightsToAdopt(record.adopts) });
    return switchOperation.lookBeforeUndo(context, state);
  },
  plan: planAdoption,
  planToTheEnd,
  planUndo: planUndoAdoption,
  planWayBack: planAdoptionWayBack,
};

/** What exists before the first write. Later runs of this adoption read it from the record. */
function remember({ plain, lastSeen }: State): Partial<SwitchRecord> {
  const [deployment] = plain?.deployments ?? [];
  if (plain === undefined || deployment === undefined) return {};
  const { makes, annotations, hashes } = plain;
  const adopts = { deployment: deployment.metadata.name, hash: hashes[0] ?? '', makes, annotations };
  return { adopts, routes: lastSeen.routesOf('') };
}

/**
 * Makes the version `to` out of the plain Deployment that serves now. Options and result as in `runSwitch`.
 * @throws UsageError for wrong usage; what the first read of the cluster threw
 */
export function runAdoption(options: SwitchOptions, listener: Reporter): Promise<SwitchResult> {
  const copying = { ...options, adopt: true, renderSet: copyOfPlain(options.cluster) };
  return runOperation(adoptOperation, copying, listener);
}
