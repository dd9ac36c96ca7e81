import path from 'node:path';
import { homeFolder } from '../../../scripts/shared/user.ts';
import { root } from '../root.ts';

/** Where fetched tools are kept: this user's cache, or the repository's where there is no home folder. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: named = '' } = process.env;
  const home = homeFolder();
  const cache = path.isAbsolute(named) ? named : path.join(home ?? path.join(root, 'node_modules'), '.cache');
  return path.join(cache, 'zero-downtime-coffee-shop');
}
