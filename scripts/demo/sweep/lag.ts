import { formatDuration } from '../../shared/duration.ts';

/** As a duration, but no lag is no lag in seconds as the others are: `0 s`. */
export const formatLag = (ms: number): string => (ms === 0 ? '0 s' : formatDuration(ms));
