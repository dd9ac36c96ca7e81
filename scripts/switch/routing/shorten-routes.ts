/**
 * Shortens a proxy's dump of routes before it is parsed. Most of it is about other services, and parsing it
 * takes most of a proof's time. Envoy indents its dumps by one space for each level, and a JSON string has no
 * line break. So each virtual host can be found in the bytes, and left out if it does not name the app.
 */

const VIRTUAL_HOSTS = Buffer.from('\n    "virtual_hosts": [\n     {');
/** The part of the line to search for: it is found faster than the whole line, which begins with spaces. */
const NAME = Buffer.from('virtual_hosts');
const NAME_AT = VIRTUAL_HOSTS.indexOf(NAME);
const LAST = Buffer.from('\n     }');
const END = Buffer.from('\n    ]');
const BETWEEN = Buffer.from('\n     },\n     {');
/** An escaped character (`\uXXXX`) could hide a name. */
const ESCAPED = '\\u';

/**
 * The dump without the virtual hosts that contain none of these texts. Route configurations stay, even empty
 * ones. A dump in another format is returned unchanged.
 * @param texts of which a route of the app contains one: no quotes, backslashes or control characters
 */
export function withoutOtherHosts(dump: Buffer, texts: readonly string[]): string {
  // A text that contains a shorter one is found by the shorter one.
  const shortest = texts.filter((text) => !texts.some((other) => other !== text && text.includes(other)));
  const places = placesOf(dump, [...new Set(shortest), ESCAPED]);
  const kept: string[] = [];
  const keep = (from: number, to: number) => kept.push(dump.toString('utf8', from, to));
  let copied = 0;
  let next = 0;
  for (let at = nextHosts(dump, 0); at !== -1; at = nextHosts(dump, copied)) {
    const first = at + VIRTUAL_HOSTS.length;
    const end = dump.indexOf(END, at) - LAST.length;
    // An empty virtual host is written on one line: not expected, so leave the dump unchanged.
    if (!standsAt(dump, LAST, end)) return dump.toString('utf8');
    keep(copied, at);
    kept.push('\n    "virtual_hosts": [');
    let comma = '';
    while ((places[next] ?? Infinity) < first) next += 1;
    for (let place = places[next]; place !== undefined && place < end; place = places[next]) {
      const before = dump.lastIndexOf(BETWEEN, place);
      const after = dump.indexOf(BETWEEN, place);
      const begin = before < first ? first : before + BETWEEN.length;
      const until = after === -1 || after > end ? end : after;
      kept.push(comma, '\n     {');
      keep(begin, until);
      kept.push('\n     }');
      comma = ',';
      while ((places[next] ?? Infinity) < until) next += 1;
    }
    kept.push('\n    ]');
    copied = end + LAST.length + END.length;
  }
  keep(copied, dump.length);
  return kept.join('');
}

/** The offset of the next list of virtual hosts; -1 where there is none. */
function nextHosts(dump: Buffer, from: number): number {
  for (let name = dump.indexOf(NAME, from); name !== -1; name = dump.indexOf(NAME, name + NAME.length))
    if (standsAt(dump, VIRTUAL_HOSTS, name - NAME_AT)) return name - NAME_AT;
  return -1;
}

function standsAt(dump: Buffer, bytes: Buffer, at: number): boolean {
  return (
    at >= 0 &&
    at + bytes.length <= dump.length &&
    dump.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0
  );
}

/** The offsets of all texts, in order. */
function placesOf(dump: Buffer, texts: readonly string[]): number[] {
  const places: number[] = [];
  for (const text of texts.map((one) => Buffer.from(one)))
    for (let at = dump.indexOf(text); at !== -1; at = dump.indexOf(text, at + text.length)) places.push(at);
  return places.sort((a, b) => a - b);
}
