import { tmpdir } from 'node:os';
import { runMain } from '../shared/run-main.ts';
import { verifyHasSignals } from '../shared/system.ts';
import { homeFolder } from '../shared/user.ts';
import { readCommandLine, usage } from './command-line.ts';
import { printable } from '../shared/printable.ts';

await runMain(async ({ argv, env, signal }) => {
  const command = readCommandLine(argv);
  if (command.help) {
    process.stdout.write(usage);
    return 0;
  }
  // Only now: the help shall not wait for the cluster's parts.
  const { runCommand } = await import('./run-command.ts');
  const { stdout, stderr } = process;
  const { onCluster, runs } = command;
  if (onCluster) {
    const { chooseCluster } = await import('../shared/cluster/flags.ts');
    const { environmentOnCluster } = await import('./on-cluster/environment-on-cluster.ts');
    const choice = chooseCluster(onCluster.flags, { env, home: homeFolder() });
    const say = (line: string): void => void stderr.write(`${printable(line)}\n`);
    const environment = await environmentOnCluster(choice, { ...onCluster, runs, signal, say });
    const { description: on, startPlayground: open } = environment;
    return runCommand(command, { startPlayground: open, on, stdout, stderr, tempFolder: tmpdir(), signal });
  }
  verifyHasSignals('The demo on an embedded cluster', process.platform);
  const { meshOptions, startPlayground } = await import('../playground/index.ts');
  const proxies = meshOptions(command.mesh, env);
  const { routing } = command.settings;
  const meshed = { ...proxies, gatewayApi: routing === 'http-route' };
  return runCommand(command, {
    async startPlayground({ mesh, ...options }) {
      const playground = await startPlayground({ ...(mesh ? meshed : { mesh: 'none' }), ...options });
      return { ...playground, vars: { routing } };
    },
    stdout,
    stderr,
    tempFolder: tmpdir(),
    signal,
  });
});
