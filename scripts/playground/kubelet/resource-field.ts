import { cpus, totalmem } from 'node:os';
import { parseQuantity } from '../../shared/quantity.ts';
import type { Container } from '../pod-types.ts';

export interface ResourceFieldRef {
  resource: string;
  containerName?: string;
  divisor?: string;
}

/**
 * `limits.memory` and its like as the downward API gives them: whole multiples of the divisor, rounded up.
 * What is not limited is what the node has.
 * https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#downwardapi-resourceFieldRef
 */
export function resourceValue(container: Container | undefined, field: ResourceFieldRef): string {
  const [list = 'limits', resource = ''] = field.resource.split('.');
  const given = container?.resources?.[list === 'requests' ? 'requests' : 'limits']?.[resource];
  const amount = given === undefined ? unlimited(list, resource) : amountOf(given);
  const divisor = amountOf(field.divisor ?? '1') || 1;
  return String(Math.ceil(amount / divisor - 1e-9));
}

function unlimited(list: string, resource: string): number {
  if (list === 'requests') return 0;
  return resource === 'cpu' ? cpus().length : resource === 'memory' ? totalmem() : 0;
}

function amountOf(quantity: string): number {
  const amount = parseQuantity(quantity);
  return Number.isNaN(amount) ? 0 : amount;
}
