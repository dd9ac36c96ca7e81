import { FunctionError } from '../template/errors.ts';
import { fn, type TemplateFunction } from '../template/functions.ts';
import { Instance, int64, typeName, type MaybeValue, type Method, type Value } from '../template/values.ts';

interface Version {
  numbers: [bigint, bigint, bigint];
  prerelease: string;
  metadata: string;
  /** As it was written. */
  original: string;
}

const IDENTIFIERS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*';
const SUFFIX = `(?:-(${IDENTIFIERS}))?(?:\\+${IDENTIFIERS})?`;
const VERSION = new RegExp(
  `^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?(?:-(${IDENTIFIERS}))?(?:\\+(${IDENTIFIERS}))?$`,
);
const PART = '[0-9xX*|]+';
const LOOSE = `v?(${PART})(?:\\.(${PART}))?(?:\\.(${PART}))?${SUFFIX}`;
const CONSTRAINT = new RegExp(`^\\s*(=|!=|>=|=>|<=|=<|>|<|~>|~|\\^|)\\s*${LOOSE}\\s*$`);
const RANGE = new RegExp(`\\s*(${LOOSE})\\s+-\\s+(${LOOSE})\\s*`, 'g');

function readVersion(text: string): Version {
  const match = VERSION.exec(text);
  if (match === null) throw new FunctionError(`Invalid Semantic Version: ${text}`);
  const [, major = '0', minor = '0', patch = '0', prerelease = '', metadata = ''] = match;
  const numbers: Version['numbers'] = [BigInt(major), BigInt(minor), BigInt(patch)];
  const tooLarge = numbers.find((one) => BigInt.asIntN(64, one) !== one);
  if (tooLarge !== undefined)
    throw new FunctionError(
      `Error parsing version segment: strconv.ParseInt: parsing "${tooLarge}": value out of range`,
    );
  return { numbers, prerelease, metadata, original: text };
}

function comparePrerelease(a: string, b: string): number {
  if (a === b) return 0;
  // A release is later than any of its prereleases.
  if (a === '') return 1;
  if (b === '') return -1;
  const left = a.split('.');
  const right = b.split('.');
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = compareIdentifier(left[at], right[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifier(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  const aIsNumber = /^[0-9]+$/.test(a);
  const bIsNumber = /^[0-9]+$/.test(b);
  if (aIsNumber && bIsNumber) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : 1;
}

function compare(a: Version, b: Version): number {
  for (const at of [0, 1, 2] as const) {
    if (a.numbers[at] !== b.numbers[at]) return a.numbers[at] < b.numbers[at] ? -1 : 1;
  }
  return comparePrerelease(a.prerelease, b.prerelease);
}

interface Constraint {
  operator: string;
  version: Version;
  /** 1.x, 1 */
  minorOpen: boolean;
  /** 1.2.x */
  patchOpen: boolean;
  /** Any part left open, as in *. */
  open: boolean;
}

const isOpen = (part: string | undefined): boolean => part === 'x' || part === 'X' || part === '*';

function readConstraint(text: string): Constraint {
  const match = CONSTRAINT.exec(text);
  if (match === null) throw new FunctionError(`improper constraint: ${text}`);
  const [, operator = '', major = '', minor, patch, prerelease] = match;
  const suffix = prerelease === undefined ? '' : `-${prerelease}`;
  if (isOpen(major)) {
    return { operator, version: readVersion('0.0.0'), minorOpen: false, patchOpen: false, open: true };
  }
  if (minor === undefined || isOpen(minor)) {
    return {
      operator,
      version: readVersion(`${major}.0.0${suffix}`),
      minorOpen: true,
      patchOpen: false,
      open: true,
    };
  }
  if (isOpen(patch)) {
    const version = readVersion(`${major}.${minor}.0${suffix}`);
    return { operator, version, minorOpen: false, patchOpen: true, open: true };
  }
  const version = readVersion(`${major}.${minor}.${patch ?? '0'}${suffix}`);
  return { operator, version, minorOpen: false, patchOpen: false, open: false };
}

/** ~1.2.3: this minor version from there on. */
function isNear(version: Version, { version: base, minorOpen, patchOpen }: Constraint): boolean {
  if (compare(version, base) < 0) return false;
  if (base.numbers.every((each) => each === 0n) && !minorOpen && !patchOpen) return true;
  if (version.numbers[0] !== base.numbers[0]) return false;
  return minorOpen || version.numbers[1] === base.numbers[1];
}

function isBeyond(version: Version, { version: base, minorOpen }: Constraint): boolean {
  if (version.numbers[0] > base.numbers[0]) return true;
  return version.numbers[1] > base.numbers[1] && !minorOpen;
}

function satisfies(version: Version, constraint: Constraint): boolean {
  const { operator, version: base, open, minorOpen } = constraint;
  // A prerelease satisfies only constraints that name one.
  const isUnaskedPrerelease = version.prerelease !== '' && base.prerelease === '';
  if (operator === '!=' && !open) return compare(version, base) !== 0;
  if (isUnaskedPrerelease) return false;
  switch (operator) {
    case '!=':
      return version.numbers[0] !== base.numbers[0] || (version.numbers[1] !== base.numbers[1] && !minorOpen);
    case '>':
      return compare(version, base) > 0;
    case '>=':
    case '=>':
      return compare(version, base) >= 0;
    case '<':
      return open ? !isBeyond(version, constraint) : compare(version, base) < 0;
    case '<=':
    case '=<':
      return open ? !isBeyond(version, constraint) : compare(version, base) <= 0;
    case '~':
    case '~>':
      return isNear(version, constraint);
    case '^':
      return compare(version, base) >= 0 && version.numbers[0] === base.numbers[0];
    default:
      return open ? isNear(version, constraint) : compare(version, base) === 0;
  }
}

/** Whether a version satisfies constraints such as `>= 1.2, < 2 || ^3`. */
function semverCompare(constraints: string, text: string): boolean {
  const alternatives = constraints
    .replace(RANGE, (_, from: string, _1, _2, _3, _4, to: string) => `>= ${from}, <= ${to}`)
    .split('||')
    .map((alternative) => alternative.split(',').map(readConstraint));
  const version = readVersion(text);
  return alternatives.some((all) => all.every((constraint) => satisfies(version, constraint)));
}

/** `1.2.3-beta.1+5`, all three numbers written out. */
const textOf = ({ numbers, prerelease, metadata }: Omit<Version, 'original'>): string =>
  numbers.join('.') + (prerelease === '' ? '' : `-${prerelease}`) + (metadata === '' ? '' : `+${metadata}`);

const versions = new WeakMap<Instance, Version>();

/**
 * A version as templates see it: printed in full, with the methods of Go's library.
 * https://pkg.go.dev/github.com/Masterminds/semver#Version
 */
function instanceOf(version: Version): Instance {
  const [major, minor, patch] = version.numbers;
  const next = (numbers: Version['numbers']): Instance =>
    changed(version, { numbers, prerelease: '', metadata: '' });
  const methods: Record<string, Method> = {
    Major: get(() => int64(major)),
    Minor: get(() => int64(minor)),
    Patch: get(() => int64(patch)),
    Prerelease: get(() => version.prerelease),
    Metadata: get(() => version.metadata),
    String: get(() => textOf(version)),
    Original: get(() => version.original),
    Compare: withVersion((other) => BigInt(compare(version, other))),
    Equal: withVersion((other) => compare(version, other) === 0),
    LessThan: withVersion((other) => compare(version, other) < 0),
    GreaterThan: withVersion((other) => compare(version, other) > 0),
    IncMajor: get(() => next([major + 1n, 0n, 0n])),
    IncMinor: get(() => next([major, minor + 1n, 0n])),
    // A prerelease comes before its release: that is the next patch.
    IncPatch: get(() => next([major, minor, version.prerelease === '' ? patch + 1n : patch])),
    SetPrerelease: withIdentifiers('Prerelease', (prerelease) => changed(version, { prerelease })),
    SetMetadata: withIdentifiers('Metadata', (metadata) => changed(version, { metadata })),
  };
  const instance = new Instance('*semver.Version', textOf(version), new Map(Object.entries(methods)));
  versions.set(instance, version);
  return instance;
}

function changed(version: Version, change: Partial<Version>): Instance {
  const next = { ...version, ...change };
  return instanceOf({ ...next, original: (version.original.startsWith('v') ? 'v' : '') + textOf(next) });
}

const get = (run: () => Value): Method => ({ arity: 0, run });

const withVersion = (use: (other: Version) => Value): Method => ({
  arity: 1,
  run([given]) {
    const version = given instanceof Instance ? versions.get(given) : undefined;
    if (version === undefined) throw wrongType('*semver.Version', given);
    return use(version);
  },
});

const ONLY_IDENTIFIERS = new RegExp(`^${IDENTIFIERS}$`);

const withIdentifiers = (what: string, use: (text: string) => Value): Method => ({
  arity: 1,
  run([given]) {
    if (typeof given !== 'string') throw wrongType('string', given);
    if (given !== '' && !ONLY_IDENTIFIERS.test(given)) throw new FunctionError(`Invalid ${what} string`);
    return use(given);
  },
});

const wrongType = (expected: string, given: MaybeValue): FunctionError =>
  new FunctionError(`wrong type for value; expected ${expected}; got ${typeName(given)}`);

export const semverFunctions: Array<[string, TemplateFunction]> = [
  ['semver', fn(['string'], ([version]) => instanceOf(readVersion(version)))],
  [
    'semverCompare',
    fn(['string', 'string'], ([constraints, version]) => semverCompare(constraints, version)),
  ],
];
