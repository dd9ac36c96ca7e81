import { describe, expect, it } from '@jest/globals';
import { reasonForAbsence, standardFunctions } from '../../../scripts/render/functions/index.ts';
import { RenderError, renderTemplate } from '../../../scripts/render/index.ts';

const render = (template: string, values: object = {}): string => renderTemplate(template, values);

function failure(template: string): string {
  try {
    return `no error, but ${render(template)}`;
  } catch (error) {
    if (error instanceof RenderError) return error.message;
    throw error;
  }
}

// What sprig's own tests and documents say, and Masterminds/semver 1 does.
describe("sprig's semver", () => {
  it.each([
    ['{{ (semver "1.2.3").Major }}', '1'],
    ['{{ (semver "v1.2.3-beta.1+c0ff33").Minor }}', '2'],
    ['{{ (semver "v1.2.3-beta.1+c0ff33").Patch }}', '3'],
    ['{{ (semver "v1.2.3-beta.1+c0ff33").Prerelease }}', 'beta.1'],
    ['{{ (semver "v1.2.3-beta.1+c0ff33").Metadata }}', 'c0ff33'],
    ['{{ (semver "v1.2.3-beta.1+c0ff33").Original }}', 'v1.2.3-beta.1+c0ff33'],
    ['{{ (semver "v1.2").Original }}', 'v1.2'],
    ['{{ semver "v1.2.3-beta.1+c0ff33" }}', '1.2.3-beta.1+c0ff33'],
    ['{{ semver "v1" }} {{ (semver "2").String }}', '1.0.0 2.0.0'],
    ['{{ $s := "1.2.3-beta.1+c0ff33" | semver }}{{ $s.Prerelease }}', 'beta.1'],
    ['{{ $a := "1.2.3" }}{{ $b := "1.2.4" | semver }}{{ $b.Compare (semver $a) }}', '1'],
    ['{{ semver "1.4.3" | (semver "1.2.3").Compare }}', '-1'],
    ['{{ (semver "1.2.3").Compare (semver "1.2.3-rc.1") }}', '1'],
    [
      '{{ (semver "1.2.3").LessThan (semver "1.10.0") }} {{ (semver "1.2").Equal (semver "v1.2.0") }}',
      'true true',
    ],
    ['{{ (semver "1.2").GreaterThan (semver "1.2.0-a") }}', 'true'],
    ['{{ if gt (semver "1.10.0").Minor (semver "1.9.0").Minor }}newer{{ end }}', 'newer'],
    ['{{ if eq (semver "3.1.4").Major 3 }}three{{ end }}', 'three'],
    ['{{ add (semver "3.1.4").Major 1 }}', '4'],
    ['{{ with semver "1.2.3" }}{{ .Major }}.{{ .Minor }}{{ end }}', '1.2'],
    ['{{ $v := semver .version }}{{ $v.Major }}', '7'],
    ['{{ range list (semver "1.0.0") (semver "2.0.0") }}{{ .Major }} {{ end }}', '1 2 '],
    ['{{ (dict "v" (semver "1.2.3")).v.Patch }}', '3'],
    ['{{ printf "%s %v %q" (semver "1.2.3") (semver "1") (semver "2") }}', '1.2.3 1.0.0 "2.0.0"'],
    [
      '{{ semver "1.2.3" | quote }} {{ semver "1.2.3" | toString }} {{ semver "1.2.3" | toJson }}',
      '"1.2.3" 1.2.3 "1.2.3"',
    ],
    [
      '{{ typeOf (semver "1.2.3") }} {{ kindOf (semver "1.2.3") }} {{ typeOf (semver "1.2.3").Major }}',
      '*semver.Version ptr int64',
    ],
    [
      '{{ (semver "1.2.3").IncMajor }} {{ (semver "1.2.3").IncMinor }} {{ (semver "1.2.3-rc").IncPatch }}',
      '2.0.0 1.3.0 1.2.3',
    ],
    ['{{ (semver "v1.2.3+7").IncPatch.Original }}', 'v1.2.4'],
    ['{{ ((semver "1.2.3").SetPrerelease "rc.1").SetMetadata "7" }}', '1.2.3-rc.1+7'],
    ['{{ if semver "0.0.0" }}a version{{ end }}', 'a version'],
    ['{{ semverCompare "^1.2" (semver "1.4.0").String }}', 'true'],
  ])('%s gives %s', (template, text) => {
    expect(render(template, { version: '7.1.0' })).toBe(text);
  });

  it.each([
    ['{{ semver "x" }}', 'Invalid Semantic Version'],
    ['{{ semver "1.2.3.4" }}', 'Invalid Semantic Version'],
    ['{{ semver 1 }}', 'expected string; found 1'],
    ['{{ semver "99999999999999999999" }}', 'value out of range'],
    ['{{ (semver "1.2.3").Mayor }}', "can't evaluate field Mayor in type *semver.Version"],
    ['{{ (semver "1.2.3").constructor }}', "can't evaluate field constructor in type *semver.Version"],
    ['{{ (semver "1.2.3").Major 1 }}', 'wrong number of args for Major: want 0 got 1'],
    ['{{ (semver "1.2.3").Compare }}', 'wrong number of args for Compare: want 1 got 0'],
    ['{{ (semver "1.2.3").Compare "1.2.3" }}', 'expected *semver.Version; got string'],
    ['{{ (semver "1.2.3").SetPrerelease "a b" }}', 'Invalid Prerelease string'],
    ['{{ eq (semver "1.2.3") (semver "1.2.3") }}', 'non-comparable type *semver.Version'],
    ['{{ len (semver "1.2.3") }}', 'len of type *semver.Version'],
    ['{{ index (semver "1.2.3") "Major" }}', "can't index item of type *semver.Version"],
    ['{{ range semver "1.2.3" }}{{ end }}', "range can't iterate over 1.2.3"],
  ])('%s fails: %s', (template, message) => {
    expect(failure(template)).toContain(message);
  });

  it('says what there is when a method is misspelt', () => {
    expect(failure('{{ (semver "1.2.3").Mayor }}')).toContain('Major');
  });
});

// Every name of sprig 3, those of kontemplate's older one among them.
const SPRIG = `
  hello ago date date_in_zone date_modify dateInZone dateModify duration durationRound htmlDate htmlDateInZone must_date_modify mustDateModify
  mustToDate now toDate unixEpoch abbrev abbrevboth trunc trim upper lower title untitle substr repeat trimall trimAll trimSuffix trimPrefix
  nospace initials randAlphaNum randAlpha randAscii randNumeric swapcase shuffle snakecase camelcase kebabcase wrap wrapWith contains
  hasPrefix hasSuffix quote squote cat indent nindent replace plural sha1sum sha256sum sha512sum adler32sum toString atoi int64 int float64 seq
  toDecimal split splitList splitn toStrings until untilStep add1 add sub div mod mul randInt add1f addf subf divf mulf biggest max min maxf minf
  ceil floor round join sortAlpha default empty coalesce all any compact mustCompact fromJson toJson toPrettyJson toRawJson mustFromJson
  mustToJson mustToPrettyJson mustToRawJson ternary deepCopy mustDeepCopy typeOf typeIs typeIsLike kindOf kindIs deepEqual env expandenv
  getHostByName base dir clean ext isAbs osBase osClean osDir osExt osIsAbs b64enc b64dec b32enc b32dec tuple list dict get set unset hasKey pluck
  keys pick omit merge mergeOverwrite mustMerge mustMergeOverwrite values append push mustAppend mustPush prepend mustPrepend first mustFirst
  rest mustRest last mustLast initial mustInitial reverse mustReverse uniq mustUniq without mustWithout has mustHas slice mustSlice concat dig
  chunk mustChunk bcrypt htpasswd genPrivateKey derivePassword buildCustomCert genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey
  genSignedCert genSignedCertWithKey encryptAES decryptAES randBytes uuidv4 semver semverCompare fail regexMatch mustRegexMatch regexFindAll
  mustRegexFindAll regexFind mustRegexFind regexReplaceAll mustRegexReplaceAll regexReplaceAllLiteral mustRegexReplaceAllLiteral regexSplit
  mustRegexSplit regexQuoteMeta mustRegexQuoteMeta urlParse urlJoin
`
  .trim()
  .split(/\s+/);

describe('every function of sprig', () => {
  it('is offered, or refused by its name with the reason', () => {
    const neither = SPRIG.filter(
      (name) => !standardFunctions.has(name) && reasonForAbsence(name) === undefined,
    );
    expect(neither).toEqual([]);
    const both = SPRIG.filter((name) => standardFunctions.has(name) && reasonForAbsence(name) !== undefined);
    expect(both).toEqual([]);
  });

  it.each(SPRIG.filter((name) => !standardFunctions.has(name)))('says why %s is not there', (name) => {
    expect(failure(`{{ ${name} "x" }}`)).toMatch(/Not offered: \S/);
  });
});
