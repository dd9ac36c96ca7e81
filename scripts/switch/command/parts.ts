/** The parts of the command that are loaded after its flags have been read. */
export { connectCluster } from '../../shared/cluster/cluster.ts';
export { combineReporters } from './combine-reporters.ts';
export { createJournal } from './journal.ts';
export { createTerminalReporter } from './reporter.ts';
export { describeClusterFile } from '../adopt/describe-cluster-file.ts';
export { runAdoption } from '../adopt/adopt-operation.ts';
export { runSwitch } from '../run-switch.ts';
export { answerPromotion, answerStatus } from './answers.ts';
