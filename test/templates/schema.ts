/** A small schema language for objects that have no published schema on npm: what is not named is refused. */
export type Check = (value: unknown, path: string) => string[];

const wrong = (path: string, wanted: string, value: unknown): string[] => [
  `${path}: must be ${wanted}, is ${JSON.stringify(value)}`,
];

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const text: Check = (value, path) =>
  typeof value === 'string' && value !== '' ? [] : wrong(path, 'text', value);

export const matching =
  (pattern: RegExp): Check =>
  (value, path) =>
    typeof value === 'string' && pattern.test(value) ? [] : wrong(path, `like ${pattern.source}`, value);

export const oneOf =
  (...allowed: unknown[]): Check =>
  (value, path) =>
    allowed.includes(value) ? [] : wrong(path, allowed.join(' or '), value);

export const integer =
  (min: number, max: number): Check =>
  (value, path) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? []
      : wrong(path, `an integer from ${min} to ${max}`, value);

export const list =
  (item: Check): Check =>
  (value, path) =>
    Array.isArray(value) && value.length > 0
      ? value.flatMap((each, index) => item(each, `${path}[${index}]`))
      : wrong(path, 'a list that is not empty', value);

export const map =
  (item: Check): Check =>
  (value, path) =>
    isMap(value)
      ? Object.entries(value).flatMap(([key, each]) => item(each, `${path}.${key}`))
      : wrong(path, 'a map', value);

/** Fields whose name ends in `?` may be missing. */
export const object =
  (fields: Record<string, Check>): Check =>
  (value, path) => {
    if (!isMap(value)) return wrong(path, 'an object', value);
    const known = Object.entries(fields).map(([name, check]) => ({
      name: name.replace(/\?$/, ''),
      optional: name.endsWith('?'),
      check,
    }));
    const strangers = Object.keys(value).filter((key) => !known.some(({ name }) => name === key));
    return [
      ...strangers.map((key) => `${path}.${key}: is no known field`),
      ...known.flatMap(({ name, optional, check }) =>
        name in value
          ? check(value[name], `${path}.${name}`)
          : optional
            ? []
            : [`${path}.${name}: is missing`],
      ),
    ];
  };
