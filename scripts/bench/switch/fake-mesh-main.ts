/**
 * The fake mesh as a process of its own, so that what it takes does
 * not count as the switch's. Ends when its stdin does.
 */
import { startFakeMesh } from './fake-mesh.ts';

const [proxies = 1, propagationMs = 0, inFlightMs = 0, dumpBytes = 0] = process.argv.slice(2).map(Number);
const { kubeconfig } = await startFakeMesh({ proxies, propagationMs, inFlightMs, dumpBytes });
process.stdout.write(`${kubeconfig}\n`);
process.stdin.resume().on('end', () => process.exit(0));
