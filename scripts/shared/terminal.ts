/**
 * Status lines in the manner of kind: a step shows a spinner on a terminal; elsewhere it is one plain line at
 * its end. Every text is made printable here, since it may come from a cluster.
 */
import { styleText } from 'node:util';
import { printable, printableMessage } from './printable.ts';

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  /** The terminal's own answer, which honours NO_COLOR. */
  hasColors?: () => boolean;
}

export interface Steps {
  /** A step begins: ` • Deploy coffee-shop-v2`. */
  start(title: string): void;
  /** Progress of the running step; replaces the last one on a terminal, not shown elsewhere. */
  progress(text: string): void;
  /** The step is done: ` ✓ Deploy coffee-shop-v2    2/2 pods ready`. */
  succeed(detail?: string): void;
  fail(detail?: string): void;
  /** An ordinary line between steps. */
  line(text: string): void;
  /** Stops a spinner that may still run. */
  stop(): void;
}

export type Style = Parameters<typeof styleText>[0];

/** Colours text on a terminal with colours; plain elsewhere. */
export function colour(output: Output, style: Style, text: string): string {
  const colours = output.isTTY === true && output.hasColors?.() !== false;
  return colours ? styleText(style, text, { validateStream: false }) : text;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export function createSteps(output: Output, { titleWidth = 28 }: { titleWidth?: number } = {}): Steps {
  let title: string | undefined;
  let seen = '';
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Keep a space after a title that is too long for its column. */
  const column = (text: string) => (text.length < titleWidth ? text.padEnd(titleWidth) : `${text} `);
  // Ignore errors of the terminal.
  const write = (text: string) => {
    try {
      output.write(text);
    } catch {
      // There is nowhere else to report it.
    }
  };
  const clear = () => {
    if (output.isTTY && title !== undefined) write('\r\x1b[K');
  };
  const draw = () => {
    if (!output.isTTY || title === undefined) return;
    const text = ` ${SPINNER[frame % SPINNER.length] ?? ''} ${column(title)}${seen}`;
    write(`\r\x1b[K${text.slice(0, (output.columns ?? 80) - 1)}`);
    frame += 1;
  };
  const stop = () => {
    clearInterval(timer);
    clear();
    title = undefined;
    seen = '';
  };
  const end = (mark: string, style: Style, detail = '') => {
    const line =
      ` ${colour(output, style, mark)} ${column(title ?? '')}${printableMessage(detail)}`.trimEnd();
    stop();
    write(`${line}\n`);
  };

  return {
    start(newTitle) {
      stop();
      title = printable(newTitle);
      draw();
      if (output.isTTY) timer = setInterval(draw, 100).unref();
    },
    progress(text) {
      seen = printable(text);
    },
    succeed: (detail) => end('✓', 'green', detail),
    fail: (detail) => end('✗', 'red', detail),
    line(text) {
      clear();
      write(`${printableMessage(text)}\n`);
    },
    stop,
  };
}
