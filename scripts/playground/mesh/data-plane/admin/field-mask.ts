/**
 * Keeps only what the paths name (`cluster.name`). As in Envoy, a path steps through messages but not into
 * repeated fields, which it takes whole or not at all; `@type` always stays.
 */
export function masked(value: object, paths: string[]): object {
  const kept: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value) as [string, unknown][]) {
    if (key === '@type' || paths.includes(key)) {
      kept[key] = field;
      continue;
    }
    const deeper = paths
      .filter((path) => path.startsWith(`${key}.`))
      .map((path) => path.slice(key.length + 1));
    if (deeper.length > 0 && typeof field === 'object' && field !== null && !Array.isArray(field))
      kept[key] = masked(field, deeper);
  }
  return kept;
}
