import { drawRun } from './charts.ts';
import type { LiveView } from './live-view.ts';

/** Draws each state the server sends. Text goes in as text, never as markup. */
const place = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found;
};
const count = (value: number): string => value.toLocaleString('en-US');

function element(tag: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

function show(view: LiveView): void {
  const { run, title, doing, sent, lost, done, toCome, over } = view;
  place('title').textContent = over ? 'The comparison is over' : title || 'Waiting for the first run';
  place('doing').textContent = over ? '' : doing;
  const counter = place('lost');
  counter.textContent = run ? `${count(lost)} lost of ${count(sent)}` : '';
  counter.className = `count ${lost === 0 ? 'kept' : 'lost'}`;
  if (run) {
    const width = Math.max(640, place('chart').clientWidth);
    place('chart').replaceChildren(...drawRun(run, width));
    place('legend').replaceChildren(
      ...run.outcomes.map(({ name, colour, lost: isLost }) => {
        const swatch = document.createElement('i');
        swatch.style.background = `var(--${colour})`;
        const item = element('li', isLost ? `lost: ${name}` : `answered by ${name}`);
        item.prepend(swatch);
        return item;
      }),
    );
  }
  place('done').replaceChildren(
    ...done.map((result) => {
      const row = document.createElement('tr');
      const name = element('th', result.title);
      name.setAttribute('scope', 'row');
      row.append(
        name,
        element('td', result.weather),
        element('td', count(result.sent), 'n'),
        element(
          'td',
          result.lost === undefined ? '-' : count(result.lost),
          `n ${result.lost === 0 ? 'kept' : 'lost'}`,
        ),
        element('td', result.verdict),
        element('td', result.why),
      );
      return row;
    }),
  );
  place('to-come').textContent = toCome.length === 0 ? '' : `Still to come: ${toCome.join('; ')}.`;
  document.documentElement.dataset['drawn'] = String(Math.round(performance.now()));
}

const events = new EventSource('events');
events.addEventListener('message', ({ data }) => {
  const view = JSON.parse(String(data)) as LiveView;
  show(view);
  // Nothing more will come: a new connection would only fail.
  if (view.over) events.close();
});
