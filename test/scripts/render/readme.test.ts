import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { bundleCommand, type Bundle } from '../../../scripts/render/bundle.ts';
import { standardFunctions } from '../../../scripts/render/functions/index.ts';
import { RenderError, renderTemplate } from '../../../scripts/render/index.ts';
import { goFunctions } from '../../../scripts/render/template/builtins.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = path.join(root, 'scripts/render');
const documents = ['README.md', ...readdirSync(path.join(folder, 'docs')).map((name) => `docs/${name}`)]
  .map((name) => readFileSync(path.join(folder, name), 'utf8'))
  .join('\n');

const blocks = (language: string): string[] =>
  [...documents.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)\`\`\`$`, 'gms'))].map(
    ([, body = '']) => body,
  );

describe('the documents of the renderer', () => {
  let command: Bundle;
  beforeAll(async () => {
    command = await bundleCommand();
  });
  afterAll(() => command.remove());

  const examples = blocks('example').map((body) => body.split('----\n'));

  it('have examples', () => {
    expect(examples.length).toBeGreaterThanOrEqual(6);
  });

  it.each(examples)('show what a template gives: %s', (template = '', values = '', output = '') => {
    expect(renderTemplate(template, parse(values))).toBe(output);
  });

  it.each(blocks('mistake').map((body) => body.split('----\n')))(
    'show what a mistake gives: %s',
    (template = '', values = '', shown = '') => {
      let message = 'no error';
      try {
        renderTemplate(template, parse(values), { fileName: 'web.yaml' });
      } catch (error) {
        if (error instanceof RenderError) message = `${error.message}\n${error.frame()}\n`;
      }
      expect(message).toBe(shown);
    },
  );

  it.each(blocks('console'))('show what a command prints: %s', (block) => {
    const [first = '', ...shown] = block.split('\n');
    const argv = first.replace('$ npm run render -- ', '').split(' ');
    const { stdout, stderr } = spawnSync(process.execPath, [command.program, ...argv], {
      cwd: root,
      encoding: 'utf8',
    });
    // Three dots stand for what does not matter here; the rest appears as shown, in this order.
    let at = 0;
    for (const part of shown
      .join('\n')
      .split('...')
      .filter((each) => each.trim() !== '')) {
      const found = (stdout + stderr).indexOf(part.trim(), at);
      expect({ part, found: found >= at }).toEqual({ part, found: true });
      at = found + part.trim().length;
    }
  });

  it('list every function there is, and none else', () => {
    const listed = blocks('functions').join(' ').trim().split(/\s+/);
    const own = ['json', 'default', 'insertFile', 'insertTemplate', 'gitHEAD', 'passLookup', 'lookupIPAddr'];
    expect([...listed, ...own, ...goFunctions.keys()].filter((name) => name !== 'slice').sort()).toEqual(
      [...standardFunctions.keys()].filter((name) => name !== 'slice').sort(),
    );
  });

  it('show a bundle command that works', () => {
    const [build = '', use = ''] = (blocks('sh')[0] ?? '').replace('\\\n', ' ').trim().split('\n');
    expect(use).toBe('node dist/render/main.mjs template istio/cluster.yaml');
    const args = [...build.matchAll(/"([^"]*)"|(\S+)/g)]
      .map(([, quoted, bare]) => quoted ?? bare ?? '')
      .slice(2);
    const folder = mkdtempSync(path.join(root, 'node_modules/.cache/readme-'));
    try {
      const esbuild = path.join(root, 'node_modules/esbuild/bin/esbuild');
      const flags = args.filter((arg) => !arg.startsWith('--outdir'));
      const built = spawnSync(esbuild, [...flags, `--outdir=${folder}`, '--log-level=error'], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(built.stderr).toBe('');
      const used = spawnSync(
        process.execPath,
        [path.join(folder, 'main.mjs'), 'template', 'istio/cluster.yaml'],
        { cwd: root },
      );
      expect(used.status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
