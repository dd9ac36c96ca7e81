import { randomBytes } from 'node:crypto';

/**
 * Random bytes as hexadecimal digits. Injected, so that a simulation can draw the names of runs and Events.
 */
export type CreateId = (bytes?: number) => string;

export const createId: CreateId = (bytes = 4) => randomBytes(bytes).toString('hex');
