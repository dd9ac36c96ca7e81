import { tmpdir } from 'node:os';
import { meshOptions, startPlayground } from '../playground/index.ts';
import { chooseCluster } from '../shared/cluster/flags.ts';
import { runMain } from '../shared/run-main.ts';
import { verifyHasSignals } from '../shared/system.ts';
import { homeFolder } from '../shared/user.ts';
import { readCommandLine, usage } from './command-line.ts';
import { placeOnCluster } from './on-cluster/place-on-cluster.ts';
import { runCommand } from './run-command.ts';
import { printable } from '../shared/printable.ts';

await runMain(async ({ argv, env, signal }) => {
  const command = readCommandLine(argv);
  if (command.help) {
    process.stdout.write(usage);
    return 0;
  }
  const { stdout, stderr } = process;
  const { onCluster, runs } = command;
  if (onCluster) {
    const choice = chooseCluster(onCluster.flags, { env, home: homeFolder() });
    const say = (line: string): void => void stderr.write(`${printable(line)}\n`);
    const place = await placeOnCluster(choice, { ...onCluster, runs, signal, say });
    const { description: on, startPlayground: open } = place;
    return runCommand(command, { startPlayground: open, on, stdout, stderr, tempFolder: tmpdir(), signal });
  }
  verifyHasSignals('The demo on an embedded cluster', process.platform);
  const proxies = meshOptions(command.mesh, env);
  return runCommand(command, {
    startPlayground: ({ mesh, ...options }) =>
      startPlayground({ ...(mesh ? proxies : { mesh: 'none' }), ...options }),
    stdout,
    stderr,
    tempFolder: tmpdir(),
    signal,
  });
});
