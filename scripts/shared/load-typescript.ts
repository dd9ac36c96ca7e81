/** Node's flags to run one of our TypeScript programs from any folder. */
export const loadTypeScript = ['--import', new URL('../../load-typescript.mjs', import.meta.url).href];
