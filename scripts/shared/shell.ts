/** Quotes the words of a command for a POSIX shell. */

/** Flags as typed: ` --canary 5,25 --hold`. */
export function asFlags(values: Record<string, string | string[] | boolean | undefined>): string {
  return Object.entries(values)
    .flatMap(([name, value]) => {
      if (value === true) return [` --${name}`];
      if (value === undefined || value === false) return [];
      return [value].flat().map((text) => ` --${name} ${quote(text)}`);
    })
    .join('');
}

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02 */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
