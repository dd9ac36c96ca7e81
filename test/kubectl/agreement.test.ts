import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApiServer, type ApiServer } from '../../scripts/playground/api/index.ts';
import { createStore } from '../../scripts/playground/store/store.ts';
import { ByClientNode } from './support/agreement/by-client-node.ts';
import { Agreement } from './support/agreement/run.ts';

/** With kubectl and helm among the clients, and 10,000 operations: npm run test:matrix -- test/matrix/kubectl/agreement. */
const OPERATIONS = 300;
const NAMESPACE = 'default';

let server: ApiServer;
let agreement: Agreement;

beforeAll(async () => {
  server = await startApiServer({ store: createStore() });
  agreement = new Agreement({
    kubeconfig: server.kubeconfig,
    namespace: NAMESPACE,
    seed: 8,
    mix: { clientNode: OPERATIONS },
    checkpoints: 6,
  });
});

afterAll(() => server.close());

describe('the client library and plain HTTP', () => {
  it(`agree on what the server holds after ${OPERATIONS} random operations, and it is what was done`, async () => {
    await agreement.run();
    // Every kind of answer came up, or less was tried than is said.
    expect([...agreement.answered.keys()].sort()).toEqual([200, 404, 409, 422]);
    expect(agreement.model.all().length).toBeGreaterThan(5);
  });

  it('do not, when the server holds something that nobody is known to have done', async () => {
    await expect(agreement.look()).resolves.toBeUndefined();
    const name = 'a0';
    const kind = 'ConfigMap';
    const behindTheirBacks = new ByClientNode(server.kubeconfig, NAMESPACE);
    await behindTheirBacks.write({ verb: 'delete', kind, name }, new Map());
    const content = new Map([['fields k0', 'not known of']]);
    await behindTheirBacks.write({ verb: 'create', kind, name, content }, new Map());
    await expect(agreement.look()).rejects.toThrow('what plain HTTP reads and what was done differ');
  });
});
