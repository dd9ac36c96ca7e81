import type { ApiServer } from '../../../apiserver/index.ts';
import { isObject, masked, Names } from './names.ts';
import type { Exchange } from './recordings.ts';
import { send } from './send.ts';

/** What an answer says, as far as every cluster should say the same. */
export interface Said {
  status: number | undefined;
  reason: string | undefined;
  message: string | undefined;
  details: unknown;
}

export interface Outcome {
  name: string;
  wanted: Said;
  got: Said;
  same: boolean;
}

export interface Replay {
  server: ApiServer;
  names: Names;
}

/** Bodies the recording had to cut, made anew. */
function bodyText(body: unknown, headers: Record<string, string>, names: Names): string | Buffer | undefined {
  if (body === undefined) return undefined;
  if (isObject(body) && typeof body['base64'] === 'string') return Buffer.from(body['base64'], 'base64');
  if (body === '<3355491 bytes>') return JSON.stringify({ data: { big: 'x'.repeat(3_355_000) } });
  if (body === '<1.2 MiB>')
    return JSON.stringify({ metadata: { name: 'big' }, data: { big: 'x'.repeat(1_258_291) } });
  if (typeof body === 'string') return names.inText(body);
  const inside = names.inBody(body);
  return headers['content-type']?.includes('yaml') && typeof inside === 'string'
    ? inside
    : JSON.stringify(inside);
}

function saidIn(status: number | undefined, body: unknown): Said {
  const isStatus = isObject(body) && body['kind'] === 'Status';
  const text = (value: unknown) => (typeof value === 'string' ? masked(value) : undefined);
  if (isStatus && body['items'] === '<trimmed>') return { status, ...CUT };
  return {
    status,
    reason: isStatus ? text(body['reason']) : undefined,
    message: isStatus
      ? text(body['message'])
      : status !== undefined && status >= 400
        ? text(body)
        : undefined,
    details:
      isStatus && body['details'] !== undefined
        ? (JSON.parse(masked(JSON.stringify(body['details']))) as unknown)
        : undefined,
  };
}

/** The recording kept nothing of the body but that it was a Status. */
const CUT = { reason: undefined, message: undefined, details: undefined };

const lines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => parsed(line));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** How a stream begins is what is compared; nobody needs to wait for its end. */
const atMostASecond = (path: string): string => path.replace(/timeoutSeconds=\d+/, 'timeoutSeconds=1');

/**
 * Asks what was asked then, and holds the answer against the recorded one.
 *
 * @param token the bearer token; '' for none
 */
export async function replayOne(replay: Replay, exchange: Exchange, token: string): Promise<Outcome> {
  const { request, response, name } = exchange;
  const { names, server } = replay;
  const headers = {
    accept: 'application/json',
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
    ...(request.headers?.['sec-websocket-version'] === undefined
      ? {}
      : { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }),
    ...Object.fromEntries(
      Object.entries(request.headers ?? {}).map(([name, value]) => [name, names.inText(value)]),
    ),
  };
  const reply = await send(server, {
    method: request.method,
    path: atMostASecond(names.inText(request.path)),
    headers,
    body: bodyText(request.body, headers, names),
  });
  const isWatch = response.events !== undefined;
  const body = parsed(reply.text);
  const said = isWatch ? saidIn(reply.status, lines(reply.text)[0]) : saidIn(reply.status, body);
  const wanted = isWatch
    ? saidIn(response.status, response.events?.[0])
    : saidIn(response.status, response.body);
  const etag = { recorded: response.headers?.['etag'], here: reply.headers['etag'] };
  if (etag.recorded !== undefined && typeof etag.here === 'string') names.word(etag.recorded, etag.here);
  if (isWatch) names.learn(response.events, lines(reply.text));
  else names.learn(response.body, body);
  const wantedHere: Said = {
    ...wanted,
    message: wanted.message === undefined ? undefined : masked(names.inText(wanted.message)),
    details: JSON.parse(masked(names.inText(JSON.stringify(wanted.details ?? null)))) as unknown,
  };
  const got = { ...said, details: said.details ?? null };
  if (isObject(response.body) && response.body['items'] === '<trimmed>' && response.body['kind'] === 'Status')
    Object.assign(got, { ...CUT, details: null });
  return { name, wanted: wantedHere, got, same: JSON.stringify(wantedHere) === JSON.stringify(got) };
}
