/**
 * A proxy's dump of routes is mostly about other services, and to parse it takes most of a proof's time. Envoy writes its dumps with one space for each
 * level, and in JSON no text has a line break in it: so each virtual host can be found, and left out where it names nothing of ours, before parsing.
 */

const VIRTUAL_HOSTS = '\n    "virtual_hosts": [\n     {';
const LAST = '\n     }';
const END = '\n    ]';
const BETWEEN = '\n     },\n     {';
/** A character written by its number may be one of ours. */
const ESCAPED = '\\u';

/**
 * The dump without the virtual hosts that have none of these texts in them; route configurations stay, if empty. A dump that is written in another way
 * stays as it is.
 * @param texts in whichever of them a route of ours is named: no quotes, backslashes or control characters
 */
export function withoutOtherHosts(dump: string, texts: readonly string[]): string {
  // A text with another one in it is found with that.
  const shortest = texts.filter((text) => !texts.some((other) => other !== text && text.includes(other)));
  const places = placesOf(dump, [...new Set(shortest), ESCAPED]);
  const kept: string[] = [];
  let copied = 0;
  let next = 0;
  for (let at = dump.indexOf(VIRTUAL_HOSTS); at !== -1; at = dump.indexOf(VIRTUAL_HOSTS, copied)) {
    const first = at + VIRTUAL_HOSTS.length;
    const end = dump.indexOf(END, at) - LAST.length;
    // A virtual host without anything in it is written on one line.
    if (!dump.startsWith(LAST, end)) return dump;
    kept.push(dump.slice(copied, at), '\n    "virtual_hosts": [');
    let comma = '';
    while ((places[next] ?? Infinity) < first) next += 1;
    for (let place = places[next]; place !== undefined && place < end; place = places[next]) {
      const before = dump.lastIndexOf(BETWEEN, place);
      const after = dump.indexOf(BETWEEN, place);
      const begin = before < first ? first : before + BETWEEN.length;
      const until = after === -1 || after > end ? end : after;
      kept.push(comma, '\n     {', dump.slice(begin, until), LAST);
      comma = ',';
      while ((places[next] ?? Infinity) < until) next += 1;
    }
    kept.push(END);
    copied = end + LAST.length + END.length;
  }
  return copied === 0 ? dump : kept.join('') + dump.slice(copied);
}

/** Where any of the texts begins, in order. */
function placesOf(dump: string, texts: readonly string[]): number[] {
  const places: number[] = [];
  for (const text of texts)
    for (let at = dump.indexOf(text); at !== -1; at = dump.indexOf(text, at + text.length)) places.push(at);
  return places.sort((a, b) => a - b);
}
