/** Flags with which Node runs one of our TypeScript programs from any folder, as `npm run` does from the repository's. */
export const loadTypeScript = ['--import', new URL('../../load-typescript.mjs', import.meta.url).href];
