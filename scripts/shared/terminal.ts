/**
 * Status lines in the manner of kind: a step spins while it runs on a terminal; elsewhere it is one plain line when it ends. Every text is made
 * printable here: what it tells of a cluster nobody has to trust.
 */
import { styleText } from 'node:util';
import { printable, printableMessage } from './printable.ts';

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  /** A terminal's own answer; it honours NO_COLOR and the like. */
  hasColors?: () => boolean;
}

export interface Steps {
  /** A step begins: ` • Deploy coffee-shop-v2`. */
  start(title: string): void;
  /** What the running step sees now; replaces the last such text on a terminal, unseen elsewhere. */
  progress(text: string): void;
  /** The step is done: ` ✓ Deploy coffee-shop-v2    2/2 pods ready`. */
  succeed(detail?: string): void;
  fail(detail?: string): void;
  /** An ordinary line between steps. */
  line(text: string): void;
  /** Ends a spinner that may still run. */
  stop(): void;
}

export type Style = Parameters<typeof styleText>[0];

/** Colours text on a terminal that has colours; anywhere else it stays plain. */
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

  /** A title that is too long for its column still ends before what follows. */
  const column = (text: string) => (text.length < titleWidth ? text.padEnd(titleWidth) : `${text} `);
  // Whatever is wrong with the terminal, the work goes on.
  const write = (text: string) => {
    try {
      output.write(text);
    } catch {
      // There is no other place to say it.
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
