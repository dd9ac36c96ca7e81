import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  closeOwnFolder,
  makeTempFolder,
  openOwnFolder,
  ownFolder,
  readOwnFile,
  whyNotOwn,
  writeOwnFile,
} from '../../../scripts/shared/own-folder.ts';
import { writeWholeFile } from '../../../scripts/shared/whole-file.ts';

let temp: string;
let folder: string;
beforeEach(() => {
  temp = mkdtempSync(path.join(tmpdir(), 'own-folder-'));
  folder = ownFolder({}, temp);
});
afterEach(() => rmSync(temp, { recursive: true, force: true }));

const modeOf = (file: string): number => lstatSync(file).mode & 0o777;

describe('the folder of one user', () => {
  it('lies in XDG_RUNTIME_DIR when that is this user’s alone, else in the temp folder under the uid', () => {
    const elsewhere = path.join(temp, `zero-downtime-coffee-shop-${process.geteuid?.()}`);
    expect(ownFolder({ XDG_RUNTIME_DIR: temp }, '/tmp')).toBe(path.join(temp, 'zero-downtime-coffee-shop'));
    expect(ownFolder({}, temp)).toBe(elsewhere);
    expect(ownFolder({ XDG_RUNTIME_DIR: '' }, temp)).toBe(elsewhere);
    expect(ownFolder({ XDG_RUNTIME_DIR: 'run' }, temp)).toBe(elsewhere);
    expect(ownFolder({ XDG_RUNTIME_DIR: path.join(temp, 'gone') }, temp)).toBe(elsewhere);
    const open = path.join(temp, 'open');
    mkdirSync(open);
    chmodSync(open, 0o755);
    expect(ownFolder({ XDG_RUNTIME_DIR: open }, temp)).toBe(elsewhere);
  });

  it('is made for nobody else, whatever the umask says, and its files too', () => {
    const before = process.umask(0);
    try {
      writeOwnFile(folder, 'word', 'text');
    } finally {
      process.umask(before);
    }
    expect([modeOf(folder), modeOf(path.join(folder, 'word'))]).toEqual([0o700, 0o600]);
    expect(readOwnFile(path.join(folder, 'word'))).toBe('text');
    expect(readdirSync(folder)).toEqual(['word']);
  });

  it('goes when it is empty and stays when it is not', () => {
    writeOwnFile(folder, 'word', 'text');
    closeOwnFolder(folder);
    expect(existsSync(folder)).toBe(true);
    rmSync(path.join(folder, 'word'));
    closeOwnFolder(folder);
    expect(existsSync(folder)).toBe(false);
  });

  it.each<[string, () => void, string]>([
    ['a link', () => symlinkSync(openOwnFolder(`${folder}-other`), folder), 'is a link'],
    ['a file', () => writeFileSync(folder, ''), 'is no folder'],
    [
      'a folder that a group may enter',
      () => mkdirSync(folder, { mode: 0o710 }),
      'is open to others (mode 710)',
    ],
    [
      'a folder that everybody may list',
      () => mkdirSync(folder, { mode: 0o704 }),
      'is open to others (mode 704)',
    ],
  ])('is not taken when %s is in its place', (_what, plant, why) => {
    plant();
    expect(whyNotOwn(folder)).toContain(`${folder} ${why}`);
    expect(() => openOwnFolder(folder)).toThrow(why);
    expect(() => writeOwnFile(folder, 'word', 'text')).toThrow(why);
  });

  it.each<[string, (file: string) => void]>([
    ['a link', (file) => symlinkSync(path.join(temp, 'other'), file)],
    ['a file that a group may read', (file) => writeFileSync(file, 'text', { mode: 0o640 })],
    ['a file that everybody may write', (file) => execFileSync('install', ['-m', '602', '/dev/null', file])],
    ['a folder', (file) => mkdirSync(file, { mode: 0o700 })],
    ['a pipe that nobody writes to', (file) => execFileSync('mkfifo', ['-m', '600', file])],
    ['a file of two megabytes', (file) => writeFileSync(file, 'x'.repeat(2 << 20), { mode: 0o600 })],
    ['nothing', () => undefined],
  ])('has no word to be read from %s', (_what, plant) => {
    writeFileSync(path.join(temp, 'other'), 'text', { mode: 0o600 });
    openOwnFolder(folder);
    plant(path.join(folder, 'word'));
    expect(readOwnFile(path.join(folder, 'word'))).toBeUndefined();
  });
});

describe('a file that is written whole', () => {
  it('takes the place of a link instead of following it', () => {
    const precious = path.join(temp, 'precious');
    const file = path.join(temp, 'file');
    writeFileSync(precious, 'precious');
    symlinkSync(precious, file);
    writeWholeFile(file, 'text', { mode: 0o600 });
    expect([readFileSync(precious, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['precious', 'text']);
    expect([lstatSync(file).isSymbolicLink(), modeOf(file)]).toEqual([false, 0o600]);
  });

  it('leaves what was there, and no draft, when it cannot be written, and is named then', () => {
    const file = path.join(temp, 'file');
    mkdirSync(file);
    expect(() => writeWholeFile(file, 'text')).toThrow(`${file} could not be written: E`);
    expect(readdirSync(temp)).toEqual(['file']);
    expect(() => writeWholeFile(path.join(temp, 'gone/file'), 'text')).toThrow(
      'gone/file could not be written: ENOENT',
    );
  });
});

it('a temp folder that cannot be used is named, with the way out', () => {
  expect(() => makeTempFolder('x-', path.join(temp, 'gone'))).toThrow(
    `No folder can be made in the temp folder ${temp}/gone (ENOENT). Set TMPDIR to a folder that you may write to.`,
  );
});
