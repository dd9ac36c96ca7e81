/**
 * The switch as a process that can be killed: what `npm run switch` does, with a Lease of one second and more
 * options as JSON, telling each step on stdout.
 */
import { connectCluster } from '../../../scripts/shared/cluster/cluster.ts';
import { runAdoption, runSwitch, silentReporter, type SwitchOptions } from '../../../scripts/switch/index.ts';

const [kubeconfig = '', clusterFile = '', to = '', more = '{}'] = process.argv.slice(2);
const cluster = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: 'zero-downtime-switch' });
const told = JSON.parse(more) as Partial<SwitchOptions>;
const run = told.adopt === true ? runAdoption : runSwitch;
let step = '';
const result = await run(
  {
    cluster,
    app: 'coffee-shop',
    to,
    clusterFile,
    set: { pod: 'naive', replicas: '1' },
    leaseSeconds: 1,
    quietMs: 100,
    ...told,
  },
  {
    ...silentReporter,
    stepStarted: (_title, name) => (step = name),
    stepDone: () => void process.stdout.write(`done ${step}\n`),
  },
);
process.stdout.write(`end ${result.outcome}\n`);
await cluster.close();
process.exit(result.ok ? 0 : 1);
