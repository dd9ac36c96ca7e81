import { homedir } from 'node:os';
import path from 'node:path';

/** The user's home folder: HOME, else the one in the user database; the root where there is neither, as in a container with `runAsUser`. */
export function homeFolder(env: NodeJS.ProcessEnv): string {
  if (env['HOME']) return env['HOME'];
  try {
    return homedir();
  } catch {
    // A uid without a passwd entry.
    return path.parse(process.cwd()).root;
  }
}
