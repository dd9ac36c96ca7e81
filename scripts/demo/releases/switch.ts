import { CommandError } from '../../shared/errors.ts';
import type { Release } from './release.ts';

/** Our switch: each step only on proof that every proxy follows. */
export const releaseBySwitch: Release = () =>
  Promise.reject(new CommandError('scripts/switch is not part of this version.'));
