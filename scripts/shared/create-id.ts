import { randomBytes } from 'node:crypto';

/** So many random bytes, in hexadecimal digits. A run's own name, and its Events', come from such a function that is handed in. */
export type CreateId = (bytes?: number) => string;

export const createId: CreateId = (bytes = 4) => randomBytes(bytes).toString('hex');
