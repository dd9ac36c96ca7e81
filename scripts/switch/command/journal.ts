/** A journal of a run: one JSON line per event, each on disk before the next thing happens, so that it also tells of a run that was killed. */
import { appendFileSync } from 'node:fs';
import { UsageError, messageOf } from '../../shared/errors.ts';
import { printable, printableJson } from '../../shared/printable.ts';
import type { Reporter } from '../types.ts';

/** Appends to `file`; wrong usage when that cannot be written. */
export function createJournal(file: string, now: () => Date = () => new Date()): Reporter {
  let step: string | undefined;
  const write = (event: string, fields: Record<string, unknown> = {}) =>
    appendFileSync(file, `${printableJson({ time: now().toISOString(), event, ...fields }, asText)}\n`);
  try {
    appendFileSync(file, '');
  } catch (error) {
    throw new UsageError(`--journal: ${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
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

/** A journal is read on terminals too. */
function asText(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? printable(value) : value;
}

/** Tells several listeners the same. */
export function combineReporters(...reporters: Reporter[]): Reporter {
  return {
    begin: (text) => reporters.forEach((one) => one.begin(text)),
    stepStarted: (title, name) => reporters.forEach((one) => one.stepStarted(title, name)),
    progress: (text) => reporters.forEach((one) => one.progress(text)),
    stepDone: (detail, cost) => reporters.forEach((one) => one.stepDone(detail, cost)),
    stepFailed: (detail) => reporters.forEach((one) => one.stepFailed(detail)),
    note: (text) => reporters.forEach((one) => one.note(text)),
    end: (text) => reporters.forEach((one) => one.end(text)),
  };
}
