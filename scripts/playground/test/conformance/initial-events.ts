import { at, type Thing } from './objects.ts';

export interface WatchLine {
  type: string;
  object: Thing;
}

export const watchLines = (text: string): WatchLine[] =>
  text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as WatchLine);

/**
 * Why a server cannot serve `sendInitialEvents`; undefined when it says nothing of the kind. It needs etcd to
 * tell on request how far its watches have come, which etcd does reliably from 3.4.31 and 3.5.13 on: before
 * that a Kubernetes of today refuses the watch.
 * https://github.com/etcd-io/etcd/issues/15220
 */
export function whyNoInitialEvents(lines: readonly WatchLine[]): string | undefined {
  const refused = lines.find(
    ({ type, object }) =>
      type === 'ERROR' &&
      /storage feature RequestWatchProgress is disabled/.test(String(at(object, 'message'))),
  );
  if (refused === undefined) return undefined;
  return 'the etcd of this cluster is older than 3.4.31 (or 3.5.13): its API server refuses sendInitialEvents, and clients list instead';
}
