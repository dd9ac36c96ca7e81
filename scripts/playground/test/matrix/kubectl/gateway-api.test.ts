import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { findGatewayApi, GATEWAY_API } from '../../kubectl/support/gateway-api.ts';
import { Bench } from '../../kubectl/support/matrix.ts';
import { findTools } from '../../../../../test/support/tools/tools.ts';

const tools = await findTools();
const definitions = await findGatewayApi();
const missing =
  typeof tools === 'string' ? tools : 'missing' in definitions ? definitions.missing : undefined;
const title = `the definitions of ${GATEWAY_API}${missing === undefined ? '' : ` (skipped: ${missing})`}`;

// Jest does not name what it skips when that is all of a file.
if (missing !== undefined) process.stderr.write(`skipped: ${title}\n`);

const NAMES = ['gatewayclasses', 'gateways', 'grpcroutes', 'httproutes', 'referencegrants'].map(
  (plural) => `customresourcedefinition.apiextensions.k8s.io/${plural}.gateway.networking.k8s.io`,
);

const route = (name: string, type = 'PathPrefix', weight = 90) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: {
    parentRefs: [{ name: 'front' }],
    hostnames: ['shop.example.com'],
    rules: [
      { matches: [{ path: { type, value: '/coffee' } }], backendRefs: [{ name: 'blue', port: 80, weight }] },
    ],
  },
});

(missing === undefined ? describe : describe.skip)(title, () => {
  let bench: Bench;
  const folder = 'folder' in definitions ? definitions.folder : '';

  beforeAll(async () => {
    if (typeof tools !== 'string') bench = await Bench.start(tools);
  });

  afterAll(() => bench.close());

  const lines = async (...args: string[]): Promise<string[]> =>
    (await bench.kubectl(args)).stdout.trim().split('\n');

  /** A manifest in the bench's own folder. */
  function file(object: ReturnType<typeof route>): string {
    const to = path.join(bench.folder, `${object.metadata.name}.json`);
    writeFileSync(to, JSON.stringify(object));
    return to;
  }

  it('are applied by kubectl, and again by the server, and are established', async () => {
    expect(await lines('apply', '-f', folder)).toEqual(NAMES.map((name) => `${name} created`));
    expect(await lines('apply', '--server-side', '--force-conflicts', '-f', folder)).toEqual(
      NAMES.map((name) => `${name} serverside-applied`),
    );
    const waited = await lines(
      'wait',
      '--for=condition=Established',
      'crd',
      ...NAMES.map((name) => name.split('/')[1] ?? ''),
    );
    expect(waited).toEqual(NAMES.map((name) => `${name} condition met`));
  });

  it('let an HTTPRoute in, applied either way, with its defaults', async () => {
    const applied = await bench.kubectl(['apply', '-f', file(route('one'))]);
    expect(applied.stdout).toBe('httproute.gateway.networking.k8s.io/one created\n');
    // The mesh follows it: nothing to warn of.
    expect(applied.stderr).toBe('');
    expect(await lines('apply', '--server-side', '-f', file(route('two')))).toEqual([
      'httproute.gateway.networking.k8s.io/two serverside-applied',
    ]);
    for (const name of ['one', 'two']) {
      const { stdout } = await bench.kubectl(['get', 'httproute', name, '-o', 'json']);
      expect(JSON.parse(stdout)).toMatchObject({
        spec: {
          parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'front' }],
          rules: [
            {
              matches: [{ path: { type: 'PathPrefix', value: '/coffee' } }],
              backendRefs: [{ group: '', kind: 'Service', name: 'blue', port: 80, weight: 90 }],
            },
          ],
        },
      });
    }
  });

  it('refuse a route against its schema, applied either way', async () => {
    const wrong = file(route('wrong', 'Prefix', -1));
    for (const how of [[], ['--server-side']]) {
      const { exit, stderr } = await bench.kubectl(['apply', ...how, '-f', wrong]);
      expect([exit, stderr.trim().split('\n')]).toEqual([
        1,
        [
          'The HTTPRoute "wrong" is invalid: ',
          '* spec.rules[0].backendRefs[0].weight: Invalid value: -1: spec.rules[0].backendRefs[0].weight in body should be greater than or equal to 0',
          '* spec.rules[0].matches[0].path.type: Unsupported value: "Prefix": supported values: "Exact", "PathPrefix", "RegularExpression"',
        ],
      ]);
    }
    expect((await bench.kubectl(['get', 'httproutes', '-o', 'name'])).stdout).not.toContain('wrong');
  });
});
