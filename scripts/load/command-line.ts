import { parseArgs } from 'node:util';
import { parseDuration } from '../shared/duration.ts';
import { UsageError } from '../shared/errors.ts';
import { loadDefaults, verifyLoadOptions, type LoadOptions } from './load-options.ts';
import { prepareTarget } from './target.ts';
import type { TlsMaterial } from './tls-check.ts';

export const usage = `Sends requests at a steady rate, whatever the answers do, never retries, and says what became of each one.

Usage: npm run load -- --url URL [flags]

  --url URL            where to (http or https)
  --qps N              requests per second (${loadDefaults.qps})
  --connections N      connections, kept alive (${loadDefaults.connections})
  --duration TIME      how long, such as 500ms, 20s or 2m (${loadDefaults.durationMs / 1000}s)
  --method METHOD      (GET, or POST with a body)
  --body TEXT          sent with each request
  --header "NAME: V"   repeatable
  --expect STATUS      a 3xx or 4xx that is no loss; repeatable
  --timeout TIME       longest time for one request (${loadDefaults.timeoutMs / 1000}s)
  --ca-file FILE       https: trust these certificates (PEM) instead of the built-in authorities
  --cert-file FILE     https: the client certificate to show, with --key-file FILE
  --json               the account as one JSON document on stdout
  --timeline           adds requests per 100 ms and the first and last losses to the JSON
  --fortio-json FILE   the run as a Fortio result file, for "fortio report"
  --progress-json      progress as one JSON document per line on stderr
  --stop-on-stdin-end  go on until stdin ends (--duration is then the longest time)
  --help

Exit code 0 if nothing was lost, 1 if anything was, 2 for wrong usage, 130 when stopped with Ctrl-C.

Example: npm run load -- --url http://127.0.0.1:8080/coffee --qps 500 --connections 50 --duration 20s
`;

export type LoadCommand = { help: true } | ({ help: false } & LoadCommandOptions);

export interface LoadCommandOptions {
  load: LoadOptions;
  /** Files with PEM. */
  tlsFiles: Record<keyof TlsMaterial, string | undefined>;
  json: boolean;
  fortioFile: string | undefined;
  progressJson: boolean;
  stopOnStdinEnd: boolean;
}

/** Parses and validates the flags, before anything is sent. */
export function readCommandLine(argv: string[]): LoadCommand {
  const { values } = parseArgs({
    args: argv,
    options: {
      url: { type: 'string' },
      qps: { type: 'string' },
      connections: { type: 'string' },
      duration: { type: 'string' },
      method: { type: 'string' },
      body: { type: 'string' },
      header: { type: 'string', multiple: true },
      expect: { type: 'string', multiple: true },
      timeout: { type: 'string' },
      'ca-file': { type: 'string' },
      'cert-file': { type: 'string' },
      'key-file': { type: 'string' },
      json: { type: 'boolean', default: false },
      timeline: { type: 'boolean', default: false },
      'fortio-json': { type: 'string' },
      'progress-json': { type: 'boolean', default: false },
      'stop-on-stdin-end': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { help: true };
  if (values.url === undefined)
    throw new UsageError('--url is missing. Example: --url http://127.0.0.1:8080/coffee');
  const load: LoadOptions = {
    url: values.url,
    qps: readNumber('--qps', values.qps, loadDefaults.qps),
    connections: readNumber('--connections', values.connections, loadDefaults.connections),
    durationMs:
      values.duration === undefined ? loadDefaults.durationMs : parseDuration(values.duration, '--duration'),
    method: (values.method ?? (values.body === undefined ? loadDefaults.method : 'POST')).toUpperCase(),
    body: values.body,
    headers: readHeaders(values.header ?? []),
    timeoutMs:
      values.timeout === undefined ? loadDefaults.timeoutMs : parseDuration(values.timeout, '--timeout'),
    expect: (values.expect ?? [])
      .flatMap((list) => list.split(','))
      .map((status) => readNumber('--expect', status, 0)),
    timeline: values.timeline,
  };
  verifyLoadOptions(load);
  prepareTarget({ url: load.url, method: load.method ?? '', headers: load.headers ?? {}, body: load.body });
  return {
    help: false,
    load,
    tlsFiles: readTlsFiles(load.url, values),
    json: values.json,
    fortioFile: values['fortio-json'],
    progressJson: values['progress-json'],
    stopOnStdinEnd: values['stop-on-stdin-end'],
  };
}

function readNumber(flag: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+(\.\d+)?$/.test(text.trim())) throw new UsageError(`${flag} must be a number, got "${text}".`);
  return Number(text);
}

function readTlsFiles(
  url: string,
  {
    'ca-file': ca,
    'cert-file': cert,
    'key-file': key,
  }: Partial<Record<'ca-file' | 'cert-file' | 'key-file', string>>,
): LoadCommandOptions['tlsFiles'] {
  const files = { ca, cert, key };
  const [given] = Object.entries(files).find(([, file]) => file !== undefined) ?? [];
  if (given !== undefined && new URL(url).protocol !== 'https:')
    throw new UsageError(`--${given}-file is for an https: URL, got "${url}".`);
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('--cert-file and --key-file belong together: name both.');
  return files;
}

function readHeaders(lines: string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw new UsageError(`--header must be "name: value", got "${line}".`);
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}
