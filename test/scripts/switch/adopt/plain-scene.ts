/** The coffee-shop as one plain Deployment, in memory. */
import { adoptOperation } from '../../../../scripts/switch/adopt/adopt-operation.ts';
import { copyDeployment } from '../../../../scripts/switch/adopt/copy-deployment.ts';
import { plainDeployment, standing, type Scene } from '../steps/standing.ts';

/** What the sidecars know by the hash of the plain pods' template. */
export const plainSubset = { name: 'plain', labels: { 'pod-template-hash': 'hash-of-coffee-shop' } };
/** A route to every pod of the Service. */
export const everyPod = { name: 'main', route: [{ destination: { host: 'coffee-shop' } }] };

export const adopting = (scene: Scene = {}) =>
  standing({
    subsets: null,
    routes: null,
    deployments: [plainDeployment()],
    operation: adoptOperation,
    versions: { from: 'plain', to: 'v1' },
    ...scene,
    options: {
      to: 'v1',
      adopt: true,
      renderSet: (_file, { app = '', version = '', replicas = '1' }) => {
        const copy = copyDeployment(plainDeployment(), { app, version, replicas: Number(replicas) });
        return Promise.resolve([{ ...copy, metadata: { ...copy.metadata, uid: `uid-${version}` } }]);
      },
      ...scene.options,
    },
  });
