/** The commands that a message suggests, with the flags that name this app and this cluster. */
import { calledHere } from '../shared/called.ts';
import type { SwitchOptions } from './types.ts';

type Named = Pick<SwitchOptions, 'app' | 'called' | 'sameCluster' | 'sameWishes' | 'adopt'>;

/** The command that repeats this switch with its flags. */
export function switchCommand(options: Named, to: string): string {
  return `${command(options, goal(options, to))}${options.sameWishes ?? ''}`;
}

/** The command for another switch, without the flags of this one. */
export function plainSwitchCommand(options: Named, to: string): string {
  return command(options, `--to ${to}`);
}

export function undoCommand(options: Named, to: string): string {
  return command(options, `${goal(options, to)} --undo`);
}

export function promoteCommand(options: Named): string {
  return command(options, '--promote');
}

/**
 * The commands that continue or undo an unfinished switch.
 * @param isBackPossible the current version exists
 */
export function waysOn(options: Named, to: string, isBackPossible: boolean): string {
  const on = `Go on with: ${switchCommand(options, to)}`;
  return isBackPossible ? `${on}  or roll back with: ${undoCommand(options, to)}` : on;
}

const goal = ({ adopt }: Named, to: string) => (adopt === true ? `adopt --as ${to}` : `--to ${to}`);

function command({ app, called = calledHere, sameCluster = '' }: Named, flags: string): string {
  const which = app === called.app ? '' : ` --app ${app}`;
  return `${called.as} ${flags}${which}${sameCluster}`;
}
