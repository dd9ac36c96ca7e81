import { CommandError, UsageError } from '../../../shared/errors.ts';
import type { Action, Field, Panel } from '../../page/live-view.ts';
import type { ActionAsked } from '../read-action.ts';

/** A button with its action, which returns once it has begun; the result is an event. */
export interface StageAction extends Action {
  run(fields: Record<string, string>): void | Promise<void>;
}

/** Builds the panel for the current state, so that its buttons are never out of date. */
export interface StagePanel extends Panel {
  actions: StageAction[];
}

/**
 * Executes a button's action, if the button exists and is enabled, and its fields have offered values.
 *
 * @throws UsageError for a request that the page never sends,
 * CommandError with the reason when it is not possible now
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
