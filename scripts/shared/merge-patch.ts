type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * JSON merge patch, as the API server applies it; neither value is
 * changed. https://www.rfc-editor.org/rfc/rfc7396
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged = new Map(Object.entries(isFields(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** Only the fields of a value that a merge patch writes; undefined where it has none of them. */
export function touchedBy(patch: unknown, value: unknown): unknown {
  if (!isFields(patch) || !isFields(value)) return value;
  const touched = Object.keys(patch).flatMap((key): [string, unknown][] => {
    const inner = touchedBy(patch[key], value[key]);
    return inner === undefined ? [] : [[key, inner]];
  });
  return touched.length > 0 ? Object.fromEntries(touched) : undefined;
}
