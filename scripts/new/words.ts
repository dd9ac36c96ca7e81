/**
 * The words that differ there. Data: what stands on the left becomes
 * what stands on the right, the longest first.
 */
export interface Spellings {
  /** tea-house */
  kebab: string;
  /** tea_house */
  snake: string;
  /** TeaHouse */
  pascal: string;
  /** teaHouse */
  camel: string;
  /** tea house */
  spaced: string;
}

/** @param name such as `tea-house` */
export function spellingsOf(name: string): Spellings {
  const words = name.split('-').filter((word) => word !== '');
  const pascal = words.map(capital).join('');
  return {
    kebab: name,
    snake: words.join('_'),
    pascal,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    spaced: words.join(' '),
  };
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** The service's own name, in each way in which it is written. */
function nameWords({ kebab, snake, pascal, camel, spaced }: Spellings): [string, string][] {
  return [
    ['coffee-shop', kebab],
    ['Coffee-shop', capital(kebab)],
    ['coffee_shop', snake],
    ['COFFEE_SHOP', snake.toUpperCase()],
    ['CoffeeShop', pascal],
    ['coffeeShop', camel],
    ['coffee shop', spaced],
    ['Coffee shop', capital(spaced)],
    // Metrics carry the service's name.
    ['coffee_orders_total', `${snake}_orders_total`],
    ['coffee_brew_duration_seconds', `${snake}_work_duration_seconds`],
  ];
}

/**
 * A word in `<` and `>` is meant only where it stands alone. The story around
 * it: an example of a resource, of a record and of its work is left. Of the
 * same length where it may stand in a request whose length is counted.
 */
const storyWords: [string, string][] = [
  ['<shop>', 'site'],
  ['<shops>', 'sites'],
  ['<Shop>', 'Site'],
  ['coffee', 'sample'],
  ['Coffee', 'Sample'],
  ['drink', 'model'],
  ['Drink', 'Model'],
  ['on the menu', 'among the models'],
  ['menu', 'models'],
  ['espresso', 'standard'],
  ['americano', 'expedited'],
  ['cappuccino', 'refurbished'],
  ['flat-white', 'pre-owned'],
  ['latte"', 'large"'],
  ["latte'", "large'"],
  ["'filter'", "'simple'"],
  ['"filter"', '"simple"'],
  ['beer', 'none'],
  ['brewing', 'working'],
  ['brewed', 'filled'],
  ['brews', 'works'],
  ['brew', 'work'],
  ['Brew', 'Work'],
  ['BREW', 'WORK'],
];

/** Exchanges all of them in one go: what comes in is not exchanged again. */
export function createRenaming(name: string): (text: string) => string {
  const words = [...nameWords(spellingsOf(name)), ...storyWords].sort(([a], [b]) => b.length - a.length);
  const plain = (word: string): string => word.replace(/^<|>$/g, '');
  const pattern = new RegExp(words.map(([word]) => asPattern(word, plain(word))).join('|'), 'g');
  const exchanged = new Map(words.map(([word, by]) => [plain(word), by]));
  return (text) => text.replace(pattern, (word) => exchanged.get(word) ?? word);
}

function asPattern(word: string, plain: string): string {
  const literal = plain.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return word === plain ? literal : `\\b${literal}\\b`;
}
