import { CommandError, UsageError } from '../../../shared/errors.ts';
import type { Action, Field, Panel } from '../../page/live-view.ts';
import type { ActionAsked } from '../read-action.ts';

/** A button with what it does. It returns when that has begun; what comes of it is told as an event. */
export interface StageAction extends Action {
  run(fields: Record<string, string>): void | Promise<void>;
}

/** A panel as things stand now: made anew for each look, so that what can be pressed is never out of date. */
export interface StagePanel extends Panel {
  actions: StageAction[];
}

/**
 * Does what a button asks for, if it is there, can act now, and its fields hold what they offer.
 *
 * @throws UsageError for what the page would never ask, CommandError with the reason when it cannot be done now
 */
export async function act(panels: StagePanel[], { action: id, fields }: ActionAsked): Promise<void> {
  for (const panel of panels) {
    const action = panel.actions.find((one) => one.id === id);
    if (!action) continue;
    if (action.cannot !== undefined) throw new CommandError(action.cannot);
    await action.run(Object.fromEntries(panel.fields.map((field) => [field.id, read(field, fields)])));
    return;
  }
  throw new UsageError(`There is no action "${id}".`);
}

function read(field: Field, given: Record<string, string>): string {
  const text = Object.hasOwn(given, field.id) ? (given[field.id] ?? '') : '';
  if ('choices' in field) {
    if (!field.choices.some(({ value }) => value === text))
      throw new UsageError(`${field.label}: there is no "${text}" (any more).`);
    return text;
  }
  const { min, max, unit, label } = field;
  if (!/^\d{1,9}$/.test(text) || Number(text) < min || Number(text) > max) {
    throw new UsageError(`${label} must be a whole number from ${min} to ${max} (${unit}), got "${text}".`);
  }
  return text;
}
