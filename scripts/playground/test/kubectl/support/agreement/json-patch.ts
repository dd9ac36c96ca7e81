import { jsonOf, pointerOf, type Changes, type Content, type KindName } from './kinds.ts';

/** The changes as a JSON patch for an object that holds `current`; it says of each leaf what it was. */
export function jsonPatchOf(kind: KindName, changes: Changes, current: Content): object[] {
  const has = (group: string) => [...current.keys()].some((leaf) => leaf.startsWith(`${group} `));
  const missing = new Set(
    [...changes.keys()].map((leaf) => leaf.split(' ')[0] ?? '').filter((group) => !has(group)),
  );
  return [
    ...[...missing].map((group) => ({
      op: 'add',
      path: group === 'fields' ? '/data' : `/metadata/${group}`,
      value: {},
    })),
    ...[...changes].flatMap(([leaf, text]) => {
      const path = pointerOf(kind, leaf);
      const was = current.get(leaf);
      return [
        ...(was === undefined ? [] : [{ op: 'test', path, value: jsonOf(kind, leaf, was) }]),
        text === null ? { op: 'remove', path } : { op: 'add', path, value: jsonOf(kind, leaf, text) },
      ];
    }),
  ];
}

/** A JSON patch whose test fails. */
export const untruePatch = (): object[] => [
  { op: 'test', path: '/metadata/name', value: 'somebody-else' },
  { op: 'add', path: '/metadata/labels', value: { wrong: 'yes' } },
];
