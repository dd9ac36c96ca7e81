/**
 * What does not change from run to run: words, whether anything was
 * lost, the order of things. Not numbers, names of pods, column widths.
 */
export function masked(line: string): string {
  return (
    line
      // The row of a scenario: none lost stays none, some stay some.
      .replace(/\b(calm|rough)( +)[\d,]+ +0 +-/, '$1 sent none')
      .replace(/\b(calm|rough)( +)[\d,]+ +[\d,]+ .*?(?= {2,}v\d)/, '$1 sent some')
      .replace(/^((?:plain|istio)-[a-z-]+)((?: +[\d,]+)+)$/, (_row, id: string, counts: string) =>
        [
          id,
          ...counts
            .trim()
            .split(/ +/)
            .map((n) => (n === '0' ? 'none' : 'some')),
        ].join(' '),
      )
      .replace(/-[0-9a-f]{7,10}-[0-9a-z]{5}\b/g, '-POD')
      .replace(/sha256:[0-9a-f]+/g, 'DIGEST')
      .replace(/\d(?:[\d,.]*\d)?( ?(ms|s|min|MB|%)\b| %)?/g, 'N')
      // Some losses are of two kinds, some of one.
      .replace(/(slowest )\S+/, '$1PROXY')
      .replace(/-{2,}/g, '-')
      .replace(/\s+/g, ' ')
      .trim()
  );
}

/**
 * The first promised line that was not said, in order; undefined when
 * all were. `…` stands for anything, a line of it for any lines.
 */
export function firstUnsaid(promised: string[], said: string[]): string | undefined {
  const rest = said.map(masked);
  for (const line of promised) {
    const wanted = masked(line);
    if (wanted === '' || wanted === '…' || wanted === '...') continue;
    const pattern = new RegExp(
      `^${wanted
        .split('…')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*')}$`,
    );
    const found = rest.findIndex((candidate) => pattern.test(candidate));
    if (found < 0) return line;
    rest.splice(0, found + 1);
  }
  return undefined;
}
