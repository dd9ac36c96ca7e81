import { UsageError } from '../../shared/errors.ts';

/** A version is used as a label, as a subset's name and in object names: `v2`, `2026-11-23`, `1-4-0`. */
export function verifyVersionName(version: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(version)) {
    throw new UsageError(
      `--to must be a name of lower-case letters, digits and dashes such as v2, got "${version}": it becomes a label and part of object names.`,
    );
  }
}
