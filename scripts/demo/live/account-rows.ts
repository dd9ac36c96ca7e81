import { lossKinds, type LoadProgress } from '../../load/index.ts';
import { count } from '../report/facts.ts';

export type Counts = Pick<LoadProgress, 'sent' | 'ok' | 'lost' | 'byStatus' | 'byError' | 'byVersion'>;

/** The account so far, line by line; nothing before the first request. */
export function accountRows(counts: Counts | undefined): [string, string][] {
  if (!counts) return [];
  const { sent, ok, lost, byStatus, byError, byVersion } = counts;
  return [
    ['sent', count(sent)],
    ['answered well', count(ok)],
    ['lost', count(lost)],
    ...Object.entries(byVersion).map(([version, n]): [string, string] => [
      `answered by ${version}`,
      count(n),
    ]),
    ...Object.entries(byStatus)
      .filter(([status]) => Number(status) >= 300)
      .map(([status, n]): [string, string] => [`lost: ${status}`, count(n)]),
    ...lossKinds
      .filter((kind) => byError[kind] > 0)
      .map((kind): [string, string] => [`lost: ${kind}`, count(byError[kind])]),
  ];
}
