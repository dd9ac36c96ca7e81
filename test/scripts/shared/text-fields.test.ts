import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UsageError } from '../../../scripts/shared/errors.ts';
import { renderVersion } from '../../../scripts/switch/changes/render-version.ts';
import { verifyTextFields } from '../../../scripts/shared/text-fields.ts';

const told = (text: string) => {
  try {
    verifyTextFields('version.tpl.yaml', text);
    return undefined;
  } catch (error) {
    return error instanceof UsageError ? error.message : error;
  }
};
const wayOut = ', and must be text. Quote it in the template, such as {{ .version | quote }}.';
const deployment = (version: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: coffee-shop-v2
spec:
  template:
    metadata:
      labels:
        version: ${version}
    spec:
      containers:
        - name: coffee-shop
          env:
            - name: VERSION
              value: v2
`;

describe('text in rendered objects', () => {
  it.each([
    ['20261130', 'the number 20261130'],
    ['1e3', 'the number 1000 (1e3)'],
    ['007', 'the number 7 (007)'],
    ['0x10', 'the number 16 (0x10)'],
    ['null', 'null, which is nothing in YAML'],
    ['~', '~, which is nothing in YAML'],
    ['', 'empty'],
    ['true', 'true, a boolean'],
    ['.inf', 'the number Infinity (.inf)'],
  ])('is not what a template makes of %s without quotes, and that is named', (scalar, what) => {
    expect(told(deployment(scalar))).toBe(
      `version.tpl.yaml: line 9 of the rendered text: spec.template.metadata.labels.version is ${what}${wayOut}`,
    );
    expect(told(deployment(`"${scalar}"`))).toBeUndefined();
  });

  it.each([
    ['metadata: {name: 7}', 'metadata.name'],
    ['metadata: {annotations: {a/b: true}}', 'metadata.annotations.a/b'],
    ['spec: {selector: {matchLabels: {version: 7}}}', 'spec.selector.matchLabels.version'],
    [
      'spec: {containers: [{name: a}, {name: b, env: [{name: A, value: "1"}, {name: B, value: 2}]}]}',
      'spec.containers.1.env.1.value',
    ],
    ['kind: ConfigMap\ndata: {port: 80}', 'data.port'],
    ['kind: Service\nspec: {selector: {version: 7}}', 'spec.selector.version'],
    ['spec: {subsets: [{name: 7}]}', 'spec.subsets.0.name'],
  ])('is looked for in %s', (text, place) => {
    expect(told(text)).toContain(`: ${place} is `);
  });

  it.each([
    'spec: {replicas: 2, paused: true, ports: [{containerPort: 80}]}',
    'spec: {containers: [{env: [{name: EMPTY, value: }]}]}',
    'spec: {metrics: [{resource: {target: {value: 7}}}]}',
    'kind: Custom\ndata: {port: 80}',
    '',
    '---\n---\n',
    'a: [',
  ])('is not asked of %j', (text) => {
    expect(told(text)).toBeUndefined();
  });
});

describe('a set "version" whose template writes the version without quotes', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'text-fields-'));
    writeFileSync(path.join(folder, 'cluster.yaml'), 'include:\n  - name: version\n    path: version\n');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is wrong input, named with the template, the field and the number', async () => {
    const set = path.join(folder, 'version');
    mkdirSync(set, { recursive: true });
    writeFileSync(path.join(set, 'deployment.yaml'), deployment('{{ .version }}'));
    const options = { clusterFile: path.join(folder, 'cluster.yaml') };
    await expect(renderVersion(options, { app: 'coffee-shop', version: '1e3' })).rejects.toThrow(
      `deployment.yaml: line 9 of the rendered text: spec.template.metadata.labels.version is the number 1000 (1e3)${wayOut}`,
    );
    const { deployment: fine } = await renderVersion(options, { app: 'coffee-shop', version: 'v2' });
    expect(fine.spec.template.metadata?.labels).toEqual({ version: 'v2' });
  });
});
