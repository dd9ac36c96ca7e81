/** The values of an app changed in its cluster file, and nothing else. */
import { InputError } from '../../render/index.ts';
import type { Value } from '../../render/index.ts';
import { UsageError } from '../../shared/errors.ts';
import type { ValueChange } from '../types.ts';
import { readSets, textOf } from './app-sets.ts';
import type { AppSet, Source } from './app-sets.ts';
import { spelledIn } from './cluster-text.ts';
import type { Told } from './cluster-text.ts';

/**
 * The content with these values, wherever sets of the app have another one. A set whose value is not that of
 * the set "version" means another version by it, and keeps it.
 * @throws UsageError where a value cannot be changed in its place, or not without changing another app's
 */
export function withValues(
  source: Source,
  app: string,
  wanted: ReadonlyMap<string, Told>,
): { source: Source; changes: ValueChange[] } {
  const before = readSets(source, app);
  const model = before.own.find(({ isVersion }) => isVersion);
  let { text } = source;
  const changes = new Map<string, ValueChange>();
  for (const [key, value] of wanted) {
    const known = textOf(model?.values.get(key));
    for (const { index, name, values } of before.own) {
      const old = textOf(values.get(key));
      const to = textOf(value);
      if (old === undefined || to === undefined || (known !== undefined && old !== known)) continue;
      // One place may be that of several sets.
      const now = readSets({ ...source, text }, app).all[index]?.values.get(key);
      if (textOf(now) === to) continue;
      text = changed({ ...source, text }, { set: index, key, name, app }, value);
      changes.set(key, { key, from: old, to });
    }
  }
  const after = { ...source, text };
  verifyNothingElse(before.all, readSets(after, app).all, source.file, { app, wanted });
  return { source: after, changes: [...changes.values()] };
}

function changed(
  { file, text }: Source,
  { set, key, name, app }: { set: number; key: string; name: string; app: string },
  value: Told,
): string {
  const valueIn = (content: string) => readSets({ file, text: content }, app).all[set]?.values.get(key);
  const old = valueIn(text);
  for (const candidate of spelledIn(text, { set, key }, value)) {
    const now = unlessUnreadable(() => valueIn(candidate));
    if (textOf(now) === textOf(value) && (typeof now === typeof old || typeof now === 'string'))
      return candidate;
  }
  throw new UsageError(
    `${file}: ${key} of set ${name} cannot be changed where it stands. Write it as plain text among the set's values or in global.`,
  );
}

/** A way to write the value that is no YAML in its place is just not taken. */
function unlessUnreadable(read: () => Value | undefined): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError || error instanceof InputError) return undefined;
    throw error;
  }
}

/** What several sets have from one place cannot be changed for one app alone. */
function verifyNothingElse(
  before: readonly AppSet[],
  after: readonly AppSet[],
  file: string,
  { app, wanted }: { app: string; wanted: ReadonlyMap<string, Told> },
): void {
  for (const { index, name, values } of before) {
    const isOwn = textOf(values.get('app')) === app;
    for (const [key, value] of values) {
      const isMeant = isOwn && wanted.has(key);
      if (isMeant || textOf(after[index]?.values.get(key)) === textOf(value)) continue;
      throw new UsageError(
        `${file}: ${key} of set ${name} stands where sets of ${app} have theirs from, and is not to change with it. Give each its own.`,
      );
    }
  }
}
