import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A self-signed TLS certificate for localhost. Generated at each start; nothing is stored. */
export interface Certificate {
  certPem: string;
  keyPem: string;
}

const VALID_DAYS = 365;
const DAY_MS = 86_400_000;

/** DER: tag, length, value. */
function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  if (value.length < 0x80) return Buffer.concat([Buffer.from([tag, value.length]), value]);
  const hex = value.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, value]);
}

const sequence = (...parts: Buffer[]) => tlv(0x30, ...parts);
const set = (...parts: Buffer[]) => tlv(0x31, ...parts);
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, 'hex'));
const octets = (value: Buffer) => tlv(0x04, value);
const utcTime = (ms: number) =>
  tlv(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = '550403';
const SUBJECT_ALT_NAME = '551d11';
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_KEY_ID = '551d0e';

const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** An X.509 v3 certificate over P-256, signed by its own key (RFC 5280). */
export function createCertificate(commonName = 'playground'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const name = sequence(set(sequence(oid(COMMON_NAME), tlv(0x0c, Buffer.from(commonName)))));
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(15)]);
  const altNames = sequence(
    // The second half are the names of the Service `kubernetes`, for clients inside pods.
    ...[
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ].map((name) => tlv(DNS_NAME, Buffer.from(name))),
    tlv(IP_ADDRESS, Buffer.from([127, 0, 0, 1])),
    tlv(IP_ADDRESS, Buffer.from([10, 96, 0, 1])),
    tlv(IP_ADDRESS, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
  );
  const extensions = sequence(
    sequence(
      oid(BASIC_CONSTRAINTS),
      tlv(0x01, Buffer.from([0xff])),
      octets(sequence(tlv(0x01, Buffer.from([0xff])))),
    ),
    sequence(oid(SUBJECT_ALT_NAME), octets(altNames)),
    sequence(oid(SUBJECT_KEY_ID), octets(octets(createHash('sha1').update(spki).digest()))),
  );
  const now = Date.now();
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, serial),
    ECDSA_WITH_SHA256,
    name,
    sequence(utcTime(now - DAY_MS), utcTime(now + VALID_DAYS * DAY_MS)),
    name,
    spki,
    tlv(0xa3, extensions),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, tlv(0x03, Buffer.from([0]), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    certPem: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
