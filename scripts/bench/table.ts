import { keepsLimit, type Measured } from './measured.ts';

/** Numbers for people: what was measured, its limit, and what it is to be read against. */
export function formatTable(results: readonly Measured[]): string {
  return results
    .map((result) => {
      const { name, value, unit, limit, bound = 'most', against } = result;
      const kept = keepsLimit(result) ? '' : '  NOT KEPT';
      const allowed = limit === null ? '' : ` (at ${bound} ${limit})${kept}`;
      return `${name}\n  ${value} ${unit}${allowed}\n  against ${against}\n`;
    })
    .join('');
}
