/** The current user, also where there is none: a container's uid often has no passwd entry and no home. */
import { homedir, userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

/** The user's name; `uid-1000` where the user database has none (OpenShift, `docker run -u 1000`). */
export function userName(): string {
  try {
    const { username } = userInfo();
    if (username !== '') return username;
  } catch {
    // No entry for this uid: uv_os_get_passwd returned ENOENT.
  }
  return `uid-${process.geteuid?.() ?? 'unknown'}`;
}

/**
 * The home folder; undefined where there is none: HOME is not set or
 * is no absolute path, and the user database has no entry.
 */
export function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}
