import { printable, printableJson, printableStrings } from '../../shared/printable.ts';

/** Longest text in a page. */
const LONGEST = 50_000;

/** HTML from values: text is always escaped, only `Html` is inserted as it is. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = string | number | Html | undefined | readonly Part[];

export function markup(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(
    strings.map((text, index) => (index === 0 ? text : show(parts[index - 1]) + text)).join(''),
  );
}

/** JSON for a script element: nothing in it can end the element. */
export const embedJson = (value: object): Html =>
  new Html(printableJson(value, printableStrings).replaceAll('<', '\\u003c'));

/** A table whose first column names its rows; a column with `n` holds numbers. */
export function table(
  caption: string,
  columns: { name: string; n?: boolean }[],
  rows: readonly (readonly Part[])[],
): Html {
  const cell = (part: Part, index: number): Html => {
    const kind = columns[index]?.n ? ' class="n"' : '';
    return index === 0 ? markup`<th scope="row">${part}</th>` : markup`<td${new Html(kind)}>${part}</td>`;
  };
  return markup`<div class="scroll">
    <table>
      <caption>${caption}</caption>
      <thead>
        <tr>
          ${columns.map(
            ({ name, n }) => markup`<th scope="col" ${new Html(n ? ' class="n"' : '')}>${name}</th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            markup`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div> `;
}

function show(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(show).join('');
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return printable(String(part), LONGEST).replace(
    /[&<>"']/g,
    (character) => entities[character] ?? character,
  );
}
