/** Times as the API server writes them. */

/** `2026-11-23T11:19:10Z`: metadata, conditions. Rounded down to the second. */
export function timestamp(ms: number = Date.now()): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
