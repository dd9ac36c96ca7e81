import { element, setText } from './elements.ts';
import type { Action, Field, Panel } from './live-view.ts';

/** Asks the server to act; rejects with its reason. */
export type Act = (action: string, fields: Record<string, string>) => Promise<void>;

interface Drawn {
  panel: Panel;
  update(panel: Panel): void;
}

/**
 * The buttons. They are created once and then updated, so that the
 * keyboard focus stays. A disabled one stays focusable and says why.
 */
export function createPanels(box: HTMLElement, act: Act, say: (text: string) => void) {
  const drawn = new Map<string, Drawn>();
  return {
    show(panels: Panel[]): void {
      box.hidden = panels.length === 0;
      for (const panel of panels) {
        const known = drawn.get(panel.id);
        if (known) known.update(panel);
        else drawn.set(panel.id, drawPanel(box, panel, act, say));
      }
    },
  };
}

function drawPanel(box: HTMLElement, first: Panel, act: Act, say: (text: string) => void): Drawn {
  const set = element('fieldset');
  const legend = element('legend', first.title);
  set.append(legend);
  const fields = first.fields.map((field) => drawField(set, first.id, field));
  const buttons = first.actions.map((action) =>
    drawButton(set, action, (current) => {
      if (current.cannot !== undefined) {
        say(`${current.label}: ${current.cannot}`);
        return;
      }
      const values = Object.fromEntries(fields.map(({ id, value }) => [id, value()]));
      act(current.id, values).catch((error: unknown) =>
        say(`${current.label}: ${error instanceof Error ? error.message : String(error)}`),
      );
    }),
  );
  box.append(set);
  const update = (panel: Panel): void => {
    setText(legend, panel.title);
    panel.fields.forEach((field, index) => fields[index]?.update(field));
    panel.actions.forEach((action, index) => buttons[index]?.(action));
  };
  update(first);
  return { panel: first, update };
}

function drawField(set: HTMLElement, panel: string, first: Field) {
  const id = `${panel}-${first.id}`;
  const label = element('label', first.label);
  label.htmlFor = id;
  const input = 'choices' in first ? element('select') : element('input');
  input.id = id;
  set.append(label, input);
  if ('choices' in first) {
    let shown = '';
    return {
      id: first.id,
      value: () => input.value,
      update(field: Field): void {
        if (!('choices' in field) || shown === JSON.stringify(field.choices)) return;
        shown = JSON.stringify(field.choices);
        const chosen = input.value;
        input.replaceChildren(...field.choices.map((choice) => new Option(choice.label, choice.value)));
        input.value = field.choices.some(({ value }) => value === chosen) ? chosen : field.value;
      },
    };
  }
  const number = input as HTMLInputElement;
  const { min, max, step, unit, value } = first;
  Object.assign(number, { type: 'number', min: String(min), max: String(max), step: String(step), value });
  label.textContent = `${first.label} (${unit})`;
  return { id: first.id, value: () => number.value, update: () => undefined };
}

function drawButton(set: HTMLElement, first: Action, press: (current: Action) => void) {
  const button = element('button', '', first.tone ?? '');
  button.type = 'button';
  button.dataset['action'] = first.id;
  const name = element('b');
  const hint = element('small');
  button.append(name, hint);
  let current = first;
  button.addEventListener('click', () => press(current));
  set.append(button);
  return (action: Action): void => {
    current = action;
    setText(name, action.label);
    setText(hint, action.cannot ?? action.does);
    // aria-disabled, not `disabled`: keyboard users must be able to hear the reason.
    button.setAttribute('aria-disabled', String(action.cannot !== undefined));
  };
}
