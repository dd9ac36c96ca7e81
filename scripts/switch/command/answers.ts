/** The commands that only answer a question, as text or as one JSON document. */
import type { Cluster } from '../../shared/cluster/cluster.ts';
import { printable } from '../../shared/printable.ts';
import { promote } from '../canary/promote.ts';
import type { SwitchOptions } from '../types.ts';
import { compareWithFile, describeComparison } from './compare-with-file.ts';
import { describeStatus } from './describe-status.ts';
import { allServed, readStatus } from './status.ts';

/** How the answer is given. */
type Answer = { document: (document: object) => void } | { text: (text: string) => void };

/**
 * Returns the exit code: 1 where a route leads to nothing, and where the named file differs from the cluster.
 */
export async function answerStatus(
  cluster: Cluster,
  options: Pick<SwitchOptions, 'app' | 'called' | 'set' | 'sameCluster'> & { compared?: string | undefined },
  answer: Answer,
): Promise<number> {
  const { app, compared, set } = options;
  const found = await readStatus(cluster, app);
  const values = compared === undefined ? undefined : await compareWithFile(cluster, { app, set, compared });
  if ('document' in answer) answer.document(values === undefined ? found : { ...found, values });
  else {
    const comparison = values === undefined ? [] : describeComparison(values, options);
    answer.text([describeStatus(found, options), ...comparison].join('\n'));
  }
  return allServed(found) && values?.agrees !== false ? 0 : 1;
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
