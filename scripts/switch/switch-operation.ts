/** The operation that switches from one version to another. */
import { readState, whoServes } from './cluster-state/read-state.ts';
import { findVersion } from './cluster-state/versions.ts';
import { decide } from './decide.ts';
import { plainSwitchCommand, undoCommand } from './next-command.ts';
import type { Operation } from './operation.ts';
import { planOf, planToTheEnd, planUndo, planWayBack } from './plan.ts';
import { preflight } from './preflight/preflight.ts';
import { lookAtOwners } from './preflight/reverting-owners.ts';
import { explainMissingRights, verifyWayBack } from './preflight/rights.ts';

export const switchOperation: Operation = {
  words: {
    begins(kind, { app, from, to }, isContinued) {
      const what =
        kind === 'undo'
          ? 'Rolling back the switch of'
          : isContinued
            ? 'Continuing the switch of'
            : 'Switching';
      return `${what} ${app} from ${from} to ${to}`;
    },
    done: ({ to }) => `${to} serves all traffic`,
    next: ({ from, to }, options, keepsOld) =>
      `To roll back: ${keepsOld ? undoCommand(options, to) : plainSwitchCommand(options, from)}`,
    undone: ({ from }, isFailure, again) =>
      isFailure
        ? `${from} still serves all traffic. Once that is fixed: ${again}`
        : `${from} serves all traffic again. To try once more: ${again}`,
    tooLate: ({ from }) => `${from} is deleted already: the switch`,
  },
  readState,
  whoServes,
  explainMissingRights,
  decide,
  preflight,
  // Only missing rights refuse a roll back: an owner that writes the old state may be the reason for it.
  async lookBeforeUndo(context, state) {
    await verifyWayBack(context, state);
    const versions = [context.from, context.to].map((version) => findVersion(state.deployments, version));
    return lookAtOwners(context, versions);
  },
  plan: (context) => planOf(context).slice(1),
  planToTheEnd,
  planUndo,
  planWayBack: (done, { continued }) => planWayBack(done, continued),
};
