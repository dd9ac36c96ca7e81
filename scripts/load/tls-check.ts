import {
  createSecureContext,
  connect,
  type ConnectionOptions,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { CommandError, UsageError } from '../shared/errors.ts';
import { printable } from '../shared/printable.ts';

/**
 * What the load shows and trusts in TLS handshakes, as PEM. Undefined:
 * what Node trusts, and no certificate of its own.
 */
export interface TlsMaterial {
  /** Trusted instead of the built-in authorities. */
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** @throws UsageError when the PEM cannot be used */
export function secureContextOf(material: TlsMaterial): SecureContext {
  try {
    return createSecureContext(material);
  } catch (error) {
    throw new UsageError(
      `--ca-file, --cert-file and --key-file must hold PEM, the certificate and its key together: ${printable((error as Error).message)}.`,
      { cause: error },
    );
  }
}

/** Where TLS is spoken, as `tls.connect` wants it, and as people read it. */
export interface TlsAddress {
  /** host:port of the URL. */
  shown: string;
  options: ConnectionOptions;
}

/** Timeout of the handshake. A slower one proves nothing: the load goes on and counts what it sees. */
const handshakeMs = 5_000;
/** A server that refuses the client's certificate says so within a round trip after the handshake. */
const refusedWithinMs = 250;

type Finding =
  | { kind: 'established' }
  /** Refused, reset or too slow: not a TLS problem. */
  | { kind: 'unclear' }
  /** Closed after the handshake, before anything was sent. */
  | { kind: 'closed after the handshake' }
  | { kind: 'failed'; error: TlsFailure };

/** The handshake failed: `ERR_SSL_…` of OpenSSL, or a code of the certificate's verification. */
type TlsFailure = NodeJS.ErrnoException & { reason?: string };

/**
 * One TLS handshake, before anything is sent.
 * @throws CommandError when no request could ever be sent to this target over TLS, with why and the way out
 */
export async function verifyTls(address: TlsAddress, signal: AbortSignal): Promise<void> {
  const found = await handshake(address, signal);
  if (found.kind === 'failed') throw new CommandError(await explain(found.error, address, signal));
  if (found.kind !== 'closed after the handshake') return;
  // Retry once: the first server may just have been shutting down.
  if ((await handshake(address, signal)).kind === found.kind) {
    throw new CommandError(
      `${address.shown} closes each connection right after the TLS handshake, as servers do that demand a client certificate. ${showCertificate} Nothing was sent.`,
    );
  }
}

/** Whether TLS is spoken there, whatever its certificate. */
export async function speaksTls(address: TlsAddress, signal: AbortSignal): Promise<boolean> {
  const options = { ...address.options, rejectUnauthorized: false };
  const found = await handshake({ ...address, options }, signal, { settleMs: 0 });
  return found.kind === 'established' || (found.kind === 'failed' && !isPlain(found.error));
}

interface HandshakeOptions {
  /** Called with the socket right after the handshake. */
  onEstablished?: (socket: TLSSocket) => void;
  settleMs?: number;
}

function handshake(
  { options }: TlsAddress,
  signal: AbortSignal,
  { onEstablished, settleMs = refusedWithinMs }: HandshakeOptions = {},
): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect(options);
    let established = false;
    const end = (finding: Finding): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(finding);
    };
    const onAbort = (): void => end({ kind: 'unclear' });
    signal.addEventListener('abort', onAbort);
    let timer = setTimeout(onAbort, handshakeMs);
    const ended = (): void => end({ kind: established ? 'closed after the handshake' : 'unclear' });
    socket
      .once('secureConnect', () => {
        established = true;
        onEstablished?.(socket);
        clearTimeout(timer);
        // TLS 1.3 ends here for the client; the server may not have seen its (missing) certificate yet.
        timer = setTimeout(() => end({ kind: 'established' }), settleMs);
      })
      .on('error', (error: TlsFailure) => {
        if (isVerdict(error)) end({ kind: 'failed', error });
        else ended();
      })
      .once('end', ended)
      .once('close', ended);
    socket.resume();
  });
}

const isOpenSsl = ({ code = '' }: TlsFailure): boolean => code.startsWith('ERR_SSL_') || code === 'EPROTO';

/** System errors (ECONNREFUSED, ENOTFOUND, ECONNRESET, …) are not TLS errors. */
const isVerdict = (error: TlsFailure): boolean =>
  isOpenSsl(error) ||
  (error.code !== undefined && error.syscall === undefined && !/^E[A-Z]+$/.test(error.code));

/** `wrong version number`, out of a code or out of a message of OpenSSL. */
const wordsOf = ({ code = '', message, reason = '' }: TlsFailure): string =>
  `${code} ${reason} ${message}`.toLowerCase().replaceAll('_', ' ');

const isPlain = (error: TlsFailure): boolean =>
  isOpenSsl(error) &&
  /wrong version number|packet length too long|http request|unknown protocol|record layer failure/.test(
    wordsOf(error),
  );

const showCertificate = 'Show one with --cert-file FILE --key-file FILE.';
const trustIt = (what: string): string =>
  `Trust it with --ca-file FILE, or NODE_EXTRA_CA_CERTS=FILE in the environment (FILE: ${what}, as PEM).`;

/** One line: the fact, why, and the way out. */
async function explain(error: TlsFailure, address: TlsAddress, signal: AbortSignal): Promise<string> {
  const { shown } = address;
  const said = isOpenSsl(error)
    ? explainHandshake(error, shown)
    : explainCertificate(error, shown, await readCertificate(address, signal));
  return `${printable(said)} Nothing was sent.`;
}

function explainHandshake(error: TlsFailure, shown: string): string {
  const words = wordsOf(error);
  const code = error.code ?? 'EPROTO';
  if (isPlain(error)) return `${shown} does not speak TLS (${code}): use http:// in --url.`;
  if (
    /certificate required|bad certificate|unknown ca|certificate (expired|unknown|revoked)|unsupported certificate/.test(
      words,
    )
  )
    return `${shown} demands a client certificate that it trusts (${code}). ${showCertificate}`;
  if (
    /protocol version|unsupported protocol|version too low|version too high|inappropriate fallback/.test(
      words,
    )
  )
    return `${shown} and this Node have no TLS version in common (${code}); Node speaks 1.2 and 1.3. Older ones, if it must be: NODE_OPTIONS=--tls-min-v1.0.`;
  if (/unrecognized name/.test(words))
    return `${shown} serves no such name over TLS (${code}). Name a host that it knows with --url.`;
  if (/handshake failure|no shared cipher|insufficient security|no ciphers|illegal parameter/.test(words))
    return `${shown} refused the TLS handshake (${code}): no cipher in common, or it demands a client certificate. ${showCertificate}`;
  return `The TLS handshake with ${shown} failed (${code}: ${error.reason ?? error.message}).`;
}

/** The facts about a certificate that is not trusted, for the message. */
interface SeenCertificate {
  subject: string;
  issuer: string;
  names: string;
  from: string;
  to: string;
}

function explainCertificate(
  { code = '', message }: TlsFailure,
  shown: string,
  { subject, issuer, names, from, to }: SeenCertificate,
): string {
  const untrusted = `The certificate of ${shown} is not trusted`;
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return `${untrusted}: it is self-signed (${subject}; ${code}). ${trustIt('this certificate')}`;
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return `${untrusted}: its chain ends in an authority that is unknown here (${code}). ${trustIt("that authority's certificate")}`;
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return `${untrusted}: its issuer, ${issuer}, is unknown here, or the server does not send the certificates between (${code}). ${trustIt("the issuer's certificate")}`;
    case 'CERT_HAS_EXPIRED':
      return `${untrusted}: it expired on ${to} (${subject}; ${code}). Renew it, or look at this machine's clock.`;
    case 'CERT_NOT_YET_VALID':
      return `${untrusted}: it is valid from ${from} on only (${subject}; ${code}). Look at this machine's clock.`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `${untrusted}: it is for ${names}, not for this host name (${code}). Use a name it is for in --url, or have one issued for this name.`;
    default:
      return `${untrusted}: ${message} (${subject}; ${code}). ${trustIt("the issuer's certificate, if that is what is missing")}`;
  }
}

/** Reads the certificate, for the message. Nothing is sent over this connection, so it is not verified. */
async function readCertificate(
  { shown, options }: TlsAddress,
  signal: AbortSignal,
): Promise<SeenCertificate> {
  let seen: SeenCertificate = {
    subject: 'unnamed',
    issuer: 'unnamed',
    names: 'other names',
    from: '?',
    to: '?',
  };
  const onEstablished = (socket: TLSSocket): void => {
    const certificate = socket.getPeerCertificate();
    const subject = nameOf(certificate.subject);
    const day = (text: string): string =>
      Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString().slice(0, 10);
    seen = {
      subject,
      issuer: nameOf(certificate.issuer),
      names: certificate.subjectaltname?.replaceAll('DNS:', '').replaceAll('IP Address:', '') ?? subject,
      from: day(certificate.valid_from),
      to: day(certificate.valid_to),
    };
  };
  const unchecked = { shown, options: { ...options, rejectUnauthorized: false } };
  await handshake(unchecked, signal, { onEstablished, settleMs: 0 });
  return seen;
}

function nameOf(entity: Partial<Record<'CN' | 'O', string | string[]>> | undefined): string {
  const [name] = [entity?.CN ?? entity?.O ?? 'unnamed'].flat();
  return name ?? 'unnamed';
}
