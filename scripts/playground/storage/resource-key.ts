import type { ResourceKey } from './types.ts';

/** `v1`, `apps/v1` */
export const groupVersion = (type: { group: string; version: string }): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

export const resourceKey = (type: { group: string; version: string; plural: string }): ResourceKey =>
  `${groupVersion(type)}/${type.plural}`;
