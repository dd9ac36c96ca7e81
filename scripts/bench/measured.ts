/** One measured number, beside what it is to be read against. */
export interface Measured {
  name: string;
  value: number;
  unit: string;
  /** What the value has to keep; null where it is there for comparison. */
  limit: number | null;
  /** `least`: the value must not be below the limit. Default: it must not be above. */
  bound?: 'most' | 'least';
  /** The other side of the comparison, measured in the same run. */
  against: string;
}

export function keepsLimit({ value, limit, bound = 'most' }: Measured): boolean {
  if (limit === null) return true;
  return bound === 'most' ? value <= limit : value >= limit;
}
