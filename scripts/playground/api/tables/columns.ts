import type { ResourceType } from '../../store/registry.ts';
import type { ApiContext } from '../context.ts';
import { ageOf } from './duration.ts';
import type { Column } from './negotiate.ts';

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: ({ metadata }) => metadata.name,
};

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  cell: ({ metadata }) => ageOf(metadata.creationTimestamp),
};

const fallback: Column[] = [
  nameColumn,
  { name: 'Created At', type: 'date', cell: ({ metadata }) => metadata.creationTimestamp },
];

/** The columns `kubectl get` shows for a type. */
export function columnsFor(type: ResourceType, context: ApiContext): Column[] {
  type;
  context;
  return fallback;
}
