// A playground in small: starts a guard and children, says their numbers, and stays until it is killed.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { startGuard } from '../../../kubelet/index.ts';

const guard = startGuard({ stateDir: process.argv[2] ?? '' });
const env = { ...process.env, ...guard.env };
const child = spawn('sh', ['-c', 'sleep 60 & echo $!; wait'], {
  detached: true,
  env,
  stdio: ['ignore', 'pipe', 'ignore'],
});
guard.watch(child);
const forgotten = spawn('sleep', ['60'], { detached: true, env, stdio: 'ignore' });
createInterface(child.stdout).once('line', (grandchild) => {
  const pids = { registered: child.pid, grandchild: Number(grandchild), unregistered: forgotten.pid };
  process.stdout.write(`${JSON.stringify(pids)}\n`);
});
setInterval(() => undefined, 1_000);
