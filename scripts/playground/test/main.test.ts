import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { loadTypeScript } from '../../shared/load-typescript.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(path.join(tmpdir(), 'playground-main-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('npm run playground', () => {
  it('leaves a kubeconfig alone that no playground wrote', () => {
    const file = path.join(folder, 'config');
    const text = 'apiVersion: v1\nkind: Config\ncurrent-context: production\n';
    writeFileSync(file, text);
    const ended = spawnSync(
      process.execPath,
      [...loadTypeScript, 'scripts/playground/main.ts', '--empty', '--kubeconfig', file],
      { cwd: root, encoding: 'utf8', timeout: 25_000 },
    );
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status: 2, stdout: '' });
    expect(ended.stderr).toBe(
      `--kubeconfig: ${file} is there already and is no playground's; it would be overwritten, and removed at the end. Name another file.\n`,
    );
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('says in one line that it has no temp folder to work in', () => {
    const gone = path.join(folder, 'gone');
    const ended = spawnSync(process.execPath, [...loadTypeScript, 'scripts/playground/main.ts', '--empty'], {
      cwd: root,
      encoding: 'utf8',
      timeout: 25_000,
      env: { ...process.env, TMPDIR: gone },
    });
    expect({ status: ended.status, stdout: ended.stdout, stderr: ended.stderr }).toEqual({
      status: 1,
      stdout: '',
      stderr: `No folder can be made in the temp folder ${gone} (ENOENT). Set TMPDIR to a folder that you may write to.\n`,
    });
  });
});
