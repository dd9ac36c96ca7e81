/** Small helpers of the live page. Text goes in as text, never as markup. */
export const place = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found;
};

export const count = (value: number): string => value.toLocaleString('en-US');

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  text = '',
  className = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}

/** Updates only what has changed, so that a screen reader repeats nothing and a selection survives. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** `1:07`: minutes and seconds on the page's clock. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** A table whose first column names its rows. */
export function table(caption: string, columns: string[], rows: string[][]): HTMLElement {
  const made = element('table');
  made.append(element('caption', caption));
  const head = made.createTHead().insertRow();
  for (const column of columns) {
    const cell = element('th', column);
    cell.scope = 'col';
    head.append(cell);
  }
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    row.forEach((text, index) => {
      const cell = element(index === 0 ? 'th' : 'td', text);
      if (index === 0) cell.setAttribute('scope', 'row');
      line.append(cell);
    });
  }
  const scroll = element('div', '', 'scroll');
  scroll.append(made);
  return scroll;
}
