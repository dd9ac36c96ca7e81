import { describe, expect, it } from '@jest/globals';
import type { Deployment } from '../../../../shared/kubernetes.ts';
import { waitFor } from '../../../../shared/wait.ts';
import { readFileSync } from 'node:fs';
import { ByHelm } from '../../kubectl/support/agreement/by-helm.ts';
import { readByHttp } from '../../kubectl/support/agreement/by-http.ts';
import { ByKubectl } from '../../kubectl/support/agreement/by-kubectl.ts';
import { Agreement } from '../../kubectl/support/agreement/run.ts';
import { Bench } from '../../kubectl/support/matrix.ts';
import { findTools } from '../../../../../test/support/tools/tools.ts';

/** A process for each of kubectl's and helm's: most are the client library's. */
const MIX = { clientNode: 9_380, kubectl: 500, helm: 120 };
const CHECKPOINTS = 20;
/** Another one each time; SEED=NUMBER repeats one. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const NAMESPACE = 'agreement';

const tools = await findTools();
const why = typeof tools === 'string' ? ` (skipped: ${tools})` : '';
const { clientNode, kubectl, helm } = MIX;

describe('the client library, kubectl, helm and plain HTTP', () => {
  (typeof tools === 'string' ? it.skip : it)(
    `agree on what the server holds after ${clientNode} + ${kubectl} + ${helm} random operations of theirs, seed ${SEED}${why}`,
    async () => {
      if (typeof tools === 'string') return;
      const bench = await Bench.start(tools);
      try {
        await bench.kubectl(['create', 'namespace', NAMESPACE]);
        const kubeconfig = readFileSync(bench.playground.kubeconfig, 'utf8');
        const agreement = new Agreement({
          kubeconfig,
          namespace: NAMESPACE,
          seed: SEED,
          mix: MIX,
          checkpoints: CHECKPOINTS,
          kubectl: new ByKubectl((args, options) => bench.kubectl(args, options), NAMESPACE),
          helm: new ByHelm((args) => bench.helm(args), NAMESPACE, bench.folder),
          settled: () =>
            waitFor(async () => (await readByHttp(kubeconfig, NAMESPACE)).every(isSeen), {
              deadlineMs: 10_000,
              what: 'the controllers to have seen every Deployment',
            }),
          say: (line) => void process.stderr.write(`seed ${SEED}, ${line}\n`),
        });
        await agreement.run();
        expect([...agreement.answered.keys()].sort()).toEqual([200, 404, 409, 422, 500]);
      } finally {
        await bench.close();
      }
    },
    1_500_000,
  );
});

const isSeen = (object: Record<string, unknown>): boolean => {
  const { metadata, status } = object as unknown as Deployment;
  return object['kind'] !== 'Deployment' || status?.observedGeneration === metadata.generation;
};
