import path from 'node:path';

/** Where the repository lies. */
export const root = path.resolve(import.meta.dirname, '../..');
