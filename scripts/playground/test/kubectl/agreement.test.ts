import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../apiserver/index.ts';
import { createStore } from '../../storage/store.ts';
import { ByClientNode } from './support/agreement/by-client-node.ts';
import { Agreement } from './support/agreement/run.ts';

/**
 * With kubectl and helm among the clients, and 10,000 operations: npm
 * run test:matrix -- test/matrix/kubectl/agreement.
 */
const OPERATIONS = 200;
const NAMESPACE = 'default';
/** A second or two on a quiet machine. */
const LONGEST_MS = 120_000;

let server: ApiServer;

beforeEach(async () => {
  server = await startApiServer({ store: createStore() });
});

afterEach(() => server.close());

const agreement = (clientNode: number, checkpoints: number) =>
  new Agreement({
    kubeconfig: server.kubeconfig,
    namespace: NAMESPACE,
    seed: 8,
    mix: { clientNode },
    checkpoints,
  });

describe('the client library and plain HTTP', () => {
  it(
    `agree on what the server holds after ${OPERATIONS} random operations, and it is what was done`,
    async () => {
      const run = agreement(OPERATIONS, 5);
      await run.run();
      // Every kind of answer came up, or less was tried than is said.
      expect([...run.answered.keys()].sort()).toEqual([200, 404, 409, 422]);
      expect(run.model.all().length).toBeGreaterThan(5);
    },
    LONGEST_MS,
  );

  it(
    'do not, when the server holds something that nobody is known to have done',
    async () => {
      const run = agreement(10, 1);
      await run.run();
      const kind = 'ConfigMap';
      const name = 'a0';
      const content = new Map([['fields k0', 'not known of']]);
      const behindTheirBacks = new ByClientNode(server.kubeconfig, NAMESPACE);
      await behindTheirBacks.write({ verb: 'delete', kind, name }, new Map());
      await behindTheirBacks.write({ verb: 'create', kind, name, content }, new Map());
      await expect(run.look()).rejects.toThrow('what plain HTTP reads and what was done differ');
    },
    LONGEST_MS,
  );
});
