/** What is only asked and answered, in words or as one JSON document. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { printable } from '../../shared/printable.ts';
import { promote } from '../canary/promote.ts';
import type { SwitchOptions } from '../types.ts';
import { describeStatus } from './describe-status.ts';
import { allServed, readStatus } from './status.ts';

/** How the answer is given. */
type Answer = { document: (document: object) => void } | { text: (text: string) => void };

/** Gives the exit code: 1 where a route leads to nothing. */
export async function answerStatus(
  cluster: Cluster,
  options: Pick<SwitchOptions, 'app' | 'sameCluster'>,
  answer: Answer,
): Promise<number> {
  const found = await readStatus(cluster, options.app);
  if ('document' in answer) answer.document(found);
  else answer.text(describeStatus(found, options));
  return allServed(found) ? 0 : 1;
}

export async function answerPromotion(
  cluster: Cluster,
  { app }: Pick<SwitchOptions, 'app'>,
  answer: Answer,
): Promise<number> {
  const message = await promote(cluster, app);
  if ('document' in answer) answer.document({ app, message });
  else answer.text(printable(message));
  return 0;
}
