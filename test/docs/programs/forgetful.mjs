// Ends well, and leaves everything behind that a command can leave: a
// process that listens, a file, the announcement of a playground.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

for (const name of ['forgotten', 'zero-downtime-coffee-shop-playground-0-1.json']) {
  writeFileSync(path.join(tmpdir(), name), '{}');
}
const listener = `require('node:net').createServer().listen(0, '127.0.0.1', () => process.stdout.write('x'))`;
const child = spawn(process.execPath, ['-e', listener], {
  detached: true,
  stdio: ['ignore', 'pipe', 'ignore'],
});
child.stdout.once('data', () => process.exit(0));
