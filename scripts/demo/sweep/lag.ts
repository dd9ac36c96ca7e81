import { formatDuration } from '../../shared/duration.ts';

/** As a duration, in seconds also for zero: `0 s`. */
export const formatLag = (ms: number): string => (ms === 0 ? '0 s' : formatDuration(ms));
