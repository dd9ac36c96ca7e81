/** Changes the values of an app in its cluster file, and nothing else. */
import { InputError } from '../../render/index.ts';
import type { Value } from '../../render/index.ts';
import { UsageError } from '../../shared/errors.ts';
import type { ValueChange } from '../types.ts';
import { readSets, textOf } from './app-sets.ts';
import type { AppSet, Source } from './app-sets.ts';
import { spelledIn } from './cluster-text.ts';
import type { Told } from './cluster-text.ts';

/**
 * Writes these values wherever the app's sets have a different one. A set whose value differs from that of
 * the set "version" is about another version and keeps its value.
 * @throws UsageError where a value cannot be changed in its place, or only together with another app's
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
      // Several sets may share this value: the change for another set has written it already.
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

/** Undefined for a way to quote the value that is not valid YAML in its place. */
function unlessUnreadable(read: () => Value | undefined): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError || error instanceof InputError) return undefined;
    throw error;
  }
}

/** Refuses a change that also changes a value of another app, because both have it from the same place. */
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
        `${file}: sets of ${app} and set ${name} get ${key} from one place, and that of ${name} must not change. Give each its own.`,
      );
    }
  }
}
