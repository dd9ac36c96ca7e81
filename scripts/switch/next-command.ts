/** The commands that a message suggests, with the flags that name this app and this cluster. */
import { calledHere } from '../shared/called.ts';
import type { SwitchOptions } from './types.ts';

type Named = Pick<SwitchOptions, 'app' | 'called' | 'sameCluster' | 'sameWishes' | 'adopt'>;

/** The same switch once more, as it was asked for. */
export function switchCommand(options: Named, to: string): string {
  return `${command(options, goal(options, to))}${options.sameWishes ?? ''}`;
}

/** Another switch: nothing of this one's wishes is meant for it. */
export function plainSwitchCommand(options: Named, to: string): string {
  return command(options, `--to ${to}`);
}

export function undoCommand(options: Named, to: string): string {
  return command(options, `${goal(options, to)} --undo`);
}

export function promoteCommand(options: Named): string {
  return command(options, '--promote');
}

/** The ways on from a switch that is half done. @param isBackPossible the current version still stands */
export function waysOn(options: Named, to: string, isBackPossible: boolean): string {
  const on = `Go on with: ${switchCommand(options, to)}`;
  return isBackPossible ? `${on}  or roll back with: ${undoCommand(options, to)}` : on;
}

const goal = ({ adopt }: Named, to: string) => (adopt === true ? `adopt --as ${to}` : `--to ${to}`);

function command({ app, called = calledHere, sameCluster = '' }: Named, flags: string): string {
  const which = app === called.app ? '' : ` --app ${app}`;
  return `${called.as} ${flags}${which}${sameCluster}`;
}
