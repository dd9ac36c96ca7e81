/** A program that starts a mesh, says where its gateway is, and stays. Started and killed by a test. */
import { startMesh } from '../../../mesh/index.ts';
import { createPodNetwork } from '../../../network/pod-network.ts';
import { createStore } from '../../../storage/store.ts';

const stateDir = process.argv[2];
if (stateDir === undefined) throw new Error('state folder missing');
const mesh = await startMesh({ store: createStore(), network: await createPodNetwork(), stateDir });
process.send?.(mesh.gateway);
