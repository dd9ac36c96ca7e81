const RANDOM = 'its output would differ from run to run; pass the value with --var';
const DATE = 'output must not depend on when it is rendered; pass the date with --var';
const CRYPTO =
  'keys and certificates do not belong in rendered text; create them outside and refer to a Secret';
const NEWER = 'it came to sprig after kontemplate was released';
const HELM = 'it belongs to Helm';

const REASONS: Record<string, string> = {
  ...all(
    RANDOM,
    'randAlphaNum randAlpha randAscii randNumeric randInt randBytes randSeededNumeric shuffle uuidv4',
  ),
  ...all(RANDOM, 'cryptoRandAlphaNum cryptoRandAlpha cryptoRandAscii cryptoRandNumeric'),
  ...all(DATE, 'now date dateInZone date_in_zone dateModify date_modify htmlDate htmlDateInZone ago toDate'),
  ...all(DATE, 'mustToDate mustDateModify must_date_modify unixEpoch duration durationRound'),
  ...all(CRYPTO, 'genPrivateKey derivePassword buildCustomCert genCA genCAWithKey genSelfSignedCert'),
  ...all(
    CRYPTO,
    'genSelfSignedCertWithKey genSignedCert genSignedCertWithKey encryptAES decryptAES htpasswd bcrypt',
  ),
  ...all(
    HELM,
    'toYaml toYamlPretty fromYaml fromYamlArray fromJsonArray toToml fromToml include required tpl lookup',
  ),
  get: `${NEWER}; use index`,
  dig: `${NEWER}; use index`,
  fromJson: NEWER,
  toRawJson: `${NEWER}; use json`,
  concat: `${NEWER}; range over both lists and append`,
  seq: `${NEWER}; use untilStep`,
  all: `${NEWER}; use and`,
  any: `${NEWER}; use or`,
  ...all(NEWER, 'chunk deepEqual deepCopy regexQuoteMeta sha512sum add1f addf subf mulf divf maxf minf'),
  ...all(NEWER, 'urlParse urlJoin osBase osDir osClean osExt osIsAbs getHostByName toDecimal debug'),
};

function all(reason: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [name, reason]));
}

/** Why a function of sprig, Helm or kontemplate is left out, for the error. */
export function reasonForAbsence(name: string): string | undefined {
  if (Object.hasOwn(REASONS, name)) return `Not offered: ${REASONS[name] ?? ''}`;
  if (/^must[A-Z]/.test(name)) return `Not offered: ${NEWER}; the function without "must" is`;
  return undefined;
}
