/**
 * A proxy's dump of routes is mostly about other services, and to decode and parse it takes most of a proof's
 * time. Envoy writes its dumps with one space for each level, and in JSON no text has a line break in it: so
 * each virtual host can be found among the bytes, and left out where it names nothing of ours.
 */

const VIRTUAL_HOSTS = Buffer.from('\n    "virtual_hosts": [\n     {');
/** In it: found faster than the whole, whose beginning is everywhere. */
const NAME = Buffer.from('virtual_hosts');
const NAME_AT = VIRTUAL_HOSTS.indexOf(NAME);
const LAST = Buffer.from('\n     }');
const END = Buffer.from('\n    ]');
const BETWEEN = Buffer.from('\n     },\n     {');
/** A character written by its number may be one of ours. */
const ESCAPED = '\\u';

/**
 * The dump without the virtual hosts that have none of these texts in them; route configurations stay, if
 * empty. A dump that is written in another way stays as it is.
 * @param texts in whichever of them a route of ours is named: no quotes, backslashes or control characters
 */
export function withoutOtherHosts(dump: Buffer, texts: readonly string[]): string {
  // A text with another one in it is found with that.
  const shortest = texts.filter((text) => !texts.some((other) => other !== text && text.includes(other)));
  const places = placesOf(dump, [...new Set(shortest), ESCAPED]);
  const kept: string[] = [];
  const keep = (from: number, to: number) => kept.push(dump.toString('utf8', from, to));
  let copied = 0;
  let next = 0;
  for (let at = nextHosts(dump, 0); at !== -1; at = nextHosts(dump, copied)) {
    const first = at + VIRTUAL_HOSTS.length;
    const end = dump.indexOf(END, at) - LAST.length;
    // A virtual host without anything in it is written on one line.
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

/** Where the next list of virtual hosts begins; -1 where there is none. */
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

/** Where any of the texts begins, in order. */
function placesOf(dump: Buffer, texts: readonly string[]): number[] {
  const places: number[] = [];
  for (const text of texts.map((one) => Buffer.from(one)))
    for (let at = dump.indexOf(text); at !== -1; at = dump.indexOf(text, at + text.length)) places.push(at);
  return places.sort((a, b) => a - b);
}
