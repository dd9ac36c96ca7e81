import { deskSize, drawRun, stageSize } from './charts.ts';
import { clock, count, element, place, setText } from './elements.ts';
import { createPanels } from './live-panels.ts';
import { drawTables } from './live-tables.ts';
import type { LiveEvent, LiveView } from './live-view.ts';

/** Draws each state from the server, and sends it the buttons' actions. */
const say = (text: string): void => setText(place('said'), text);
const token = document.querySelector<HTMLMetaElement>('meta[name=token]')?.content ?? '';

const panels = createPanels(
  place('panels'),
  async (action, fields) => {
    const answer = await fetch('act', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-live-token': token },
      body: JSON.stringify({ action, fields }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    const { error } = (await answer.json()) as { error?: string };
    if (error !== undefined) throw new Error(error);
  },
  say,
);

let latest: LiveView | undefined;
let isHeld = false;
let toldUpTo = 0;

function show(view: LiveView): void {
  latest = view;
  const { title, doing, sent, lost, over } = view;
  if (!over) document.body.classList.toggle('acting', view.panels.length > 0);
  const isStage = document.body.classList.contains('acting');
  setText(
    place('title'),
    over
      ? isStage
        ? 'The playground has ended'
        : 'The comparison is over'
      : title || 'Waiting for the first run',
  );
  setText(place('doing'), over ? '' : doing);
  setText(place('lost'), sent === 0 ? '' : `${count(lost)} lost of ${count(sent)}`);
  place('lost').className = `count ${lost === 0 ? 'kept' : 'lost'}`;
  panels.show(over ? [] : view.panels);
  showEvents(view.events);
  showAccount(view.account);
  showDone(view);
  if (!isHeld) draw();
  document.documentElement.dataset['drawn'] = String(Math.round(performance.now()));
}

/** The charts and their tables. A run that is over stays until the next one begins. */
function draw(): void {
  if (!latest?.run) return;
  const { run } = latest;
  const chart = place('chart');
  const size = latest.panels.length > 0 ? stageSize : deskSize;
  chart.replaceChildren(...drawRun(run, Math.max(640, chart.clientWidth), size));
  place('legend').replaceChildren(
    ...run.outcomes.map(({ name, colour, lost }) =>
      legend(lost ? `lost: ${name}` : `answered by ${name}`, colour),
    ),
    legend('nobody answers there any more', 'ended'),
  );
  const tables = place('tables') as HTMLDetailsElement;
  if (tables.open) tables.querySelector('div')?.replaceChildren(...drawTables(run));
}

function legend(text: string, colour: string): HTMLElement {
  const swatch = element('i');
  swatch.style.background = `var(--${colour})`;
  const item = element('li', text);
  item.prepend(swatch);
  return item;
}

function showEvents(events: LiveEvent[]): void {
  place('event-box').hidden = events.length === 0;
  const list = place('events');
  const known = new Set([...list.children].map((item) => (item as HTMLElement).dataset['id']));
  for (const { id, atMs, text, tone } of events) {
    if (known.has(String(id))) {
      const span = list.querySelector<HTMLElement>(`[data-id="${id}"] span`);
      if (span) setText(span, text);
      continue;
    }
    const item = element('li', '', tone);
    item.dataset['id'] = String(id);
    item.append(element('b', String(id)), element('time', clock(atMs)), element('span', text));
    list.prepend(item);
  }
  const kept = new Set(events.map(({ id }) => String(id)));
  for (const item of [...list.children]) {
    if (!kept.has((item as HTMLElement).dataset['id'] ?? '')) item.remove();
  }
  const last = events.findLast(({ tone }) => tone !== 'note');
  if (last && last.id !== toldUpTo) {
    toldUpTo = last.id;
    say(last.text);
  }
}

function showAccount(account: LiveView['account']): void {
  const body = place('account');
  (body.closest('section') as HTMLElement).hidden = account.length === 0;
  const same = body.childElementCount === account.length;
  account.forEach(([what, value], index) => {
    const row = same ? body.children[index] : undefined;
    if (row) {
      setText(row.children[0] as HTMLElement, what);
      setText(row.children[1] as HTMLElement, value);
    }
  });
  if (same) return;
  body.replaceChildren(
    ...account.map(([what, value]) => {
      const row = element('tr');
      const name = element('th', what);
      name.scope = 'row';
      row.append(name, element('td', value, 'n'));
      return row;
    }),
  );
}

function showDone({ done, toCome }: LiveView): void {
  (place('done').closest('section') as HTMLElement).hidden = done.length + toCome.length === 0;
  place('done').replaceChildren(
    ...done.map((result) => {
      const row = element('tr');
      const name = element('th', result.title);
      name.scope = 'row';
      const { lost } = result;
      row.append(
        name,
        element('td', result.weather),
        element('td', count(result.sent), 'n'),
        element('td', lost === undefined ? '-' : count(lost), `n ${lost === 0 ? 'kept' : 'lost'}`),
        element('td', result.verdict),
        element('td', result.why),
      );
      return row;
    }),
  );
  setText(place('to-come'), toCome.length === 0 ? '' : `Still to come: ${toCome.join('; ')}.`);
}

const hold = place('hold');
hold.addEventListener('click', () => {
  isHeld = !isHeld;
  hold.setAttribute('aria-pressed', String(isHeld));
  setText(hold, isHeld ? 'Go on drawing' : 'Hold the picture');
  if (!isHeld) draw();
});
place('tables').addEventListener('toggle', draw);
addEventListener('resize', () => requestAnimationFrame(draw));

function listen(): void {
  const events = new EventSource('events');
  events.addEventListener('message', ({ data }) => {
    setText(place('connection'), '');
    const view = JSON.parse(String(data)) as LiveView;
    show(view);
    // The stream has ended for good: do not reconnect.
    if (view.over) events.close();
  });
  events.addEventListener('error', () => {
    setText(
      place('connection'),
      'The connection is lost; trying again. What you see is the last that was told.',
    );
    // Refused by the server: the browser does not reconnect by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}
listen();
