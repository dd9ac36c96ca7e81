import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rewriteWholeFile, verifyRewritable } from '../../../scripts/shared/whole-file.ts';
import { root } from '../../support/root.ts';
import { VICTIM, whyNoTwoUsers } from '../../support/two-users.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'whole-file-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('writes a file anew with its mode, and a link at its name leads on to it', () => {
  const [file, link] = [path.join(folder, 'file'), path.join(folder, 'link')];
  writeFileSync(file, 'before');
  // No umask would give it.
  chmodSync(file, 0o666);
  symlinkSync('file', link);
  verifyRewritable(link);
  rewriteWholeFile(link, 'after');
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['after', 0o666]);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['file', 'link']);
});

it('names a file that is not there', () => {
  const gone = path.join(folder, 'gone');
  for (const refused of [() => verifyRewritable(gone), () => rewriteWholeFile(gone, '')])
    expect(refused).toThrow(`${gone} could not be written: ENOENT: no such file or directory`);
});

const why = whyNoTwoUsers();
(why === undefined ? it : it.skip)(
  `names a file whose folder is somebody else's, before it is tried${why === undefined ? '' : ` (${why})`}`,
  () => {
    const file = path.join(folder, 'shared');
    writeFileSync(file, '');
    chmodSync(file, 0o666);
    const program = `import { verifyRewritable } from './scripts/shared/whole-file.ts';
      try { verifyRewritable(${JSON.stringify(file)}) } catch ({ message }) { console.log(message) }`;
    const { stdout } = spawnSync(
      process.execPath,
      ['--import', './load-typescript.mjs', '--input-type=module', '--eval', program],
      { cwd: root, env: { PATH: process.env['PATH'] }, encoding: 'utf8', uid: VICTIM, gid: VICTIM },
    );
    expect(stdout).toBe(`${file} could not be written: EACCES: permission denied\n`);
  },
);
