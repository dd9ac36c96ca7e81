import { parseQuantity } from '../../../../shared/quantity.ts';

/** Sums as the API server writes them: whole numbers as they are, parts of one as thousandths. */
export function quantityText(value: number, like: string): string {
  if (like.endsWith('i')) {
    for (const unit of ['Ei', 'Pi', 'Ti', 'Gi', 'Mi', 'Ki']) {
      const size = parseQuantity(`1${unit}`);
      if (value !== 0 && value % size === 0) return `${value / size}${unit}`;
    }
  }
  return Number.isInteger(value) ? String(value) : `${Math.round(value * 1000)}m`;
}
