export type { Account, Loss, LossKind, Percentiles, TimelineSlot } from './account.ts';
export { lossKinds } from './account.ts';
export { loadDefaults, type LoadOptions, type LoadProgress } from './load-options.ts';
export {
  type LoadProcess,
  type LoadProcessOptions,
  loadArguments,
  readOutputLine,
  startLoadProcess,
} from './load-process.ts';
export { createCounts } from './names.ts';
export { runLoad } from './run-load.ts';
export { summarize } from './summary.ts';
