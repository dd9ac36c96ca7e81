import path from 'node:path';
import { packed, type Chosen } from './choose-files.ts';
import { edits, VENDOR, type Part } from './contents.ts';

export interface Surroundings {
  /** All that goes along. */
  chosen: readonly Chosen[];
  parts: ReadonlySet<Part>;
  /** Exchanges the words of a text or a path. */
  rename: (text: string) => string;
}

/** What a file says there: edited, its imports and links to what is there, its words exchanged. */
export function transform(file: Chosen, text: string, around: Surroundings): string {
  const edited = applyEdits(file.from, withoutPartsForHere(text), around.parts);
  const linked = file.to.endsWith('.md') ? withoutDeadLinks(file, edited, around.chosen) : edited;
  return around.rename(importPacked(file.from, linked, around.parts));
}

/** Lines from `only here` to `end of only here`, in comments of their own. */
function withoutPartsForHere(text: string): string {
  return text.replace(/^[ \t]*(?:<!--|#|\/\/) only here\b[\s\S]*?\bend of only here\b.*\n+/gm, '');
}

function applyEdits(file: string, text: string, parts: ReadonlySet<Part>): string {
  return edits
    .filter((edit) => edit.path === file && (edit.without === undefined || !parts.has(edit.without)))
    .reduce((before, { from, to }) => {
      if (!before.includes(from))
        throw new Error(`${file} has no ${JSON.stringify(from)}: see scripts/new/contents.ts`);
      return before.replace(from, () => to);
    }, text);
}

/** `'../../scripts/render/index.ts'` is a package there. */
function importPacked(file: string, text: string, parts: ReadonlySet<Part>): string {
  return Object.entries(packed)
    .filter(([, { part }]) => !parts.has(part))
    .reduce((before, [target, { instead }]) => {
      const relative = path.posix.relative(path.posix.dirname(file), target);
      return before.replaceAll(`from '${relative}'`, `from '${instead}'`);
    }, text);
}

/** A link to what stays becomes its words. */
function withoutDeadLinks(file: Chosen, text: string, chosen: readonly Chosen[]): string {
  const folder = path.posix.dirname(file.from === file.to ? file.from : file.to);
  const isThere = (target: string): boolean => {
    const full = path.posix.join(folder, target).replace(/\/$/, '');
    return (
      full === '.' || full === VENDOR || chosen.some(({ to }) => to === full || to.startsWith(`${full}/`))
    );
  };
  return text.replace(/!?\[([^\]]*)\]\(([^)\s]+)\)/g, (link, words: string, target: string) => {
    const [place = ''] = target.split('#');
    return /^[a-z]+:/.test(target) || place === '' || isThere(place) ? link : words;
  });
}
