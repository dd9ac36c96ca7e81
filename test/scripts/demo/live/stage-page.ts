import { openStage } from '../../../../scripts/demo/live/stage/stage.ts';
import { waitFor } from '../../../../scripts/shared/wait.ts';
import { openCoffeeShop, root, startPlayground, type PlaygroundOptions } from '../../../support/cluster.ts';
import { openPage, type Page } from '../chromium.ts';

export interface StagePage {
  page: Page;
  url: string;
  /** Presses a button as soon as it can act. */
  press: (action: string) => Promise<void>;
  choose: (field: string, value: string) => Promise<void>;
  /** Waits until the text of an element has this in it. */
  reads: (id: string, text: string, deadlineMs?: number) => Promise<void>;
  text: (id: string) => Promise<string>;
  /** Why a button cannot act now; empty when it can. */
  reason: (action: string) => Promise<string>;
  close(): Promise<void>;
}

/** A playground with the coffee-shop in it, its stage, and a browser that looks at it. */
export async function openStagePage(options: PlaygroundOptions = {}): Promise<StagePage> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const openShop = async () => {
      const playground = await startPlayground({ seed: 7, ...options });
      closers.push(() => playground.close());
      await openCoffeeShop(playground, root, AbortSignal.timeout(60_000));
      const opened = await openStage(playground);
      closers.push(() => opened.close());
      return opened;
    };
    const openBrowser = async () => {
      const opened = await openPage();
      closers.push(() => opened.close());
      return opened;
    };
    // The browser takes as long to come as the coffee.
    const opening = [openShop(), openBrowser()] as const;
    // Whatever one of them says, the other one is there to be closed.
    await Promise.allSettled(opening);
    const [stage, page] = await Promise.all(opening);
    const button = (action: string): string => `document.querySelector('[data-action="${action}"]')`;
    const reason = (action: string): Promise<string> =>
      page.evaluate<string>(
        `(() => { const b = ${button(action)}; return !b ? 'not there' : b.getAttribute('aria-disabled') === 'true' ? b.querySelector('small').textContent : ''; })()`,
      );
    const text = (id: string): Promise<string> =>
      page.evaluate<string>(`document.getElementById('${id}').textContent`);
    await page.goTo(stage.url);
    return {
      page,
      url: stage.url,
      reason,
      text,
      async press(action) {
        let seen = '';
        await waitFor(async () => (seen = await reason(action)) === '', {
          ...{ deadlineMs: 60_000, what: `the button ${action} to be ready`, lastSeen: () => seen },
        });
        await page.evaluate(`${button(action)}.click()`);
      },
      async choose(field, value) {
        const set = `(() => { const f = document.getElementById('${field}'); if (f) f.value = '${value}'; return f?.value === '${value}'; })()`;
        await waitFor(() => page.evaluate<boolean>(set), { deadlineMs: 30_000, what: `${field} = ${value}` });
      },
      async reads(id, wanted, deadlineMs = 60_000) {
        let seen = '';
        await waitFor(async () => (seen = await text(id)).includes(wanted), {
          ...{ deadlineMs, what: `#${id} to read "${wanted}"`, lastSeen: () => seen },
        });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
