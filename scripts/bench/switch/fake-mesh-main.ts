/** The fake mesh as a process of its own, so that what it takes does not count as the switch's. Ends when its stdin does. */
import { startFakeMesh } from './fake-mesh.ts';

const [proxies, propagationMs] = process.argv.slice(2).map(Number);
const { kubeconfig } = await startFakeMesh({ proxies: proxies ?? 1, propagationMs: propagationMs ?? 0 });
process.stdout.write(`${kubeconfig}\n`);
process.stdin.resume().on('end', () => process.exit(0));
