/** The switch as a module, for other programs. */
export type { Right } from '../shared/cluster/access.ts';
export { neededRights, verifyAccess } from './preflight/access.ts';
export { runAdoption } from './adopt/adopt-operation.ts';
export { runSwitch } from './run-switch.ts';
export { createTerminalReporter, silentReporter } from './command/reporter.ts';
export { createMesh } from './proofs/mesh.ts';
export { createProver } from './proofs/prover.ts';
export { createVirtualServiceRouting } from './routing/virtual-service/virtual-service-routing.ts';
export type { Prover } from './proofs/prover.ts';
export { NotProvenError } from './proofs/prove-everywhere.ts';
export type { Proof } from './proofs/prove-everywhere.ts';
export type { Outcome, Reporter, StepReport, SwitchOptions, SwitchResult } from './types.ts';
