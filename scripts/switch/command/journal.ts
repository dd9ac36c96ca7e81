/** The journal: one JSON line per event, written before the run goes on. So a killed run has one too. */
import { constants, openSync, writeSync } from 'node:fs';
import { systemClock } from '../../shared/clock.ts';
import { CommandError, UsageError, messageOf } from '../../shared/errors.ts';
import { printableJson, printableStrings } from '../../shared/printable.ts';
import type { Reporter } from '../types.ts';

/** A pipe without a reader is an error (ENXIO). https://man7.org/linux/man-pages/man2/open.2.html */
const APPEND_AT_ONCE = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** Appends to `file`. A file that cannot be opened is wrong usage; a write that fails later throws. */
export function createJournal(file: string, now: () => Date = () => systemClock.date()): Reporter {
  let step: string | undefined;
  let isTorn = false;
  const descriptor = open(file);
  const write = (event: string, fields: Record<string, unknown> = {}): void => {
    // A journal is also read on terminals: control characters are escaped.
    const line = `${printableJson({ time: now().toISOString(), event, ...fields }, printableStrings)}\n`;
    // After a partial write the next event starts on a new line.
    const bytes = Buffer.from(isTorn ? `\n${line}` : line);
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(descriptor, bytes, at);
      isTorn = false;
    } catch (error) {
      isTorn ||= at > 0;
      throw new CommandError(`--journal: ${file} misses lines from here on: ${messageOf(error)}`, {
        cause: error,
      });
    }
  };
  return {
    begin: (text) => write('begin', { text }),
    stepStarted(title, name) {
      step = name;
      write('step', { step, title });
    },
    progress: (text) => write('progress', { step, text }),
    stepDone: (detail, cost) => write('done', { step, detail, ...cost }),
    stepFailed: (detail) => write('failed', { step, detail }),
    note: (text) => write('note', { step, text }),
    end: (text) => write('end', { text }),
  };
}

function open(file: string): number {
  try {
    return openSync(file, APPEND_AT_ONCE, 0o666);
  } catch (error) {
    throw new UsageError(`--journal: ${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
