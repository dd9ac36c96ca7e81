import type { Page } from './chromium.ts';

/** One place where the Tab key stops. */
export interface Stop {
  /** Its element and its name, such as `summary The account`. */
  what: string;
  /** Where it is among the page's elements. */
  index: number;
  /** A ring that can be seen is drawn around it. */
  isMarked: boolean;
  /** It was scrolled to where it can be seen. */
  isInSight: boolean;
}

const describe = `((e) => {
  const named = document.getElementById(e.getAttribute('aria-labelledby') ?? '') ?? e.labels?.[0] ?? e;
  return [e.tagName.toLowerCase(), (e.getAttribute('aria-label') ?? named.innerText).trim().split('\\n')[0]].join(' ');
})`;

const lookAtFocus = `(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e);
  const { top, bottom, left, right, height } = e.getBoundingClientRect();
  return {
    what: ${describe}(e),
    index: [...document.querySelectorAll('*')].indexOf(e),
    isMarked: e.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1 && style.outlineColor !== 'rgba(0, 0, 0, 0)',
    isInSight: height > 0 && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
  };
})()`;

/** Every control that can be seen, in the order of the page. */
export const controlsOf = (page: Page): Promise<string[]> =>
  page.evaluate(
    `[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')].filter((e) => e.checkVisibility()).map(${describe})`,
  );

/**
 * Presses Tab until the focus has left the page, as a keyboard's user would; with `back` Shift and Tab.
 * Throws when it never leaves. Begins where the focus is.
 */
export async function walk(page: Page, { back = false, most = 300 } = {}): Promise<Stop[]> {
  const stops: Stop[] = [];
  while (stops.length <= most) {
    await page.press('Tab', { shift: back });
    const stop = await page.evaluate<Stop | null>(lookAtFocus);
    if (stop === null) return stops;
    stops.push(stop);
  }
  throw new Error(`the focus goes on after ${most} steps, last at ${stops.at(-1)?.what}`);
}

/** Goes on until the focus is at the first element that this names, and no further. */
export async function walkTo(page: Page, what: string): Promise<void> {
  for (let steps = 0; steps < 300; steps += 1) {
    await page.press('Tab');
    const stop = await page.evaluate<Stop | null>(lookAtFocus);
    if (stop?.what.startsWith(what)) return;
    if (stop === null) break;
  }
  throw new Error(`Tab does not come to ${what}`);
}
