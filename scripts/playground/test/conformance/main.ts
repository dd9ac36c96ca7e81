import { parseArgs } from 'node:util';
import { chooseCluster, clusterFlags } from '../../../shared/cluster/flags.ts';
import { UsageError } from '../../../shared/errors.ts';
import { printable, printableJson, printableLines } from '../../../shared/printable.ts';
import { runMain } from '../../../shared/run-main.ts';
import { homeFolder } from '../../../shared/user.ts';
import { allBehaviours, chapters } from './behaviours/index.ts';
import { runSuite, type Outcome } from './run-suite.ts';
import { renderTables } from './table.ts';
import { openTarget } from './target.ts';

const help = `npm run conformance -- --context NAME    how a cluster behaves, in a namespace of its own that is deleted again
  --kubeconfig FILE    kubeconfig of the cluster (else KUBECONFIG, else the running playground)
  --context NAME       context in it (alone: in the default kubeconfig)
  --image NAME         any image with Node in it that the cluster can run (default coffee-shop:1.0.0)
  --node PATH          the program node in it (default node; in a distroless image /nodejs/bin/node)
  --only TEXT          only behaviours with this text in their name
  --parallel N         how many at once (default 8)
  --list               the behaviours, as the tables of BEHAVIOURS.md; needs no cluster
  --json               one JSON document on stdout: {context, version, passed, failed, skipped, behaviours}

Example: npm run conformance -- --context kind-kind --image coffee-shop:1.0.0
`;

await runMain(
  async ({ argv, env, signal }) => {
    const { values } = parseArgs({
      args: argv,
      options: {
        help: { type: 'boolean', short: 'h' },
        kubeconfig: clusterFlags.kubeconfig,
        context: clusterFlags.context,
        image: { type: 'string', default: 'coffee-shop:1.0.0' },
        node: { type: 'string', default: 'node' },
        only: { type: 'string', default: '' },
        parallel: { type: 'string', default: '8' },
        list: { type: 'boolean' },
        json: { type: 'boolean' },
      },
    });
    if (values.help) {
      process.stdout.write(help);
      return 0;
    }
    if (values.list) {
      process.stdout.write(`${renderTables(chapters)}\n`);
      return 0;
    }
    const parallel = Number(values.parallel);
    if (!Number.isInteger(parallel) || parallel < 1)
      throw new UsageError(`--parallel must be a whole number from 1, got "${values.parallel}".`);
    const behaviours = allBehaviours.filter(({ name }) => name.includes(values.only));
    if (behaviours.length === 0)
      throw new UsageError(`--only: no behaviour has "${values.only}" in its name.`);
    const choice = chooseCluster(values, { env, home: homeFolder() });
    const target = await openTarget({ choice, image: values.image, node: values.node });
    const say = (text: string) => void process.stderr.write(`${printableLines(text)}\n`);
    say(`${target.context} (${target.version}), namespace ${target.namespace}`);
    let outcomes: Outcome[];
    try {
      outcomes = await runSuite(target, {
        behaviours,
        parallel,
        signal,
        onOutcome: (outcome) => say(lineOf(outcome)),
      });
    } finally {
      say('Deleting the namespace');
      await target.close();
    }
    const count = (result: Outcome['result']) =>
      outcomes.filter((outcome) => outcome.result === result).length;
    const summary = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
    if (values.json) {
      const told = outcomes.map(({ behaviour, ...rest }) => ({ name: behaviour.name, ...rest }));
      const { context, version } = target;
      process.stdout.write(`${printableJson({ context, version, ...summary, behaviours: told })}\n`);
    }
    say(`${summary.passed} as expected, ${summary.failed} not, ${summary.skipped} skipped`);
    return summary.failed === 0 ? 0 : 1;
  },
  // Namespaces with pods that take their time.
  { graceMs: 150_000 },
);

function lineOf({ behaviour, result, reason, ms }: Outcome): string {
  const mark = { passed: '✓', failed: '✗', skipped: '-' }[result];
  const detail = result === 'passed' ? `${(ms / 1_000).toFixed(1)} s` : printable(reason ?? '');
  return ` ${mark} ${behaviour.name}${result === 'passed' ? '' : '\n     '} ${detail}`;
}
