import { messageOf } from '../../shared/errors.ts';
import { unfailing } from '../../shared/unfailing.ts';
import type { Reporter } from '../types.ts';

/** Sends events to several reporters. When one fails, the others get one note about it; the run goes on. */
export function combineReporters(...reporters: Reporter[]): Reporter {
  const heard: Reporter[] = reporters.map((reporter, index) =>
    unfailing(reporter, (error) =>
      heard.filter((_, other) => other !== index).forEach((other) => other.note(messageOf(error))),
    ),
  );
  return {
    begin: (text) => heard.forEach((one) => one.begin(text)),
    stepStarted: (...step) => heard.forEach((one) => one.stepStarted(...step)),
    progress: (text) => heard.forEach((one) => one.progress(text)),
    stepDone: (detail, cost) => heard.forEach((one) => one.stepDone(detail, cost)),
    stepFailed: (detail) => heard.forEach((one) => one.stepFailed(detail)),
    note: (text) => heard.forEach((one) => one.note(text)),
    end: (text) => heard.forEach((one) => one.end(text)),
  };
}
