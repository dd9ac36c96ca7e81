import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadImageArchive } from '../../kubelet/image-archive.ts';
import { writeTar } from '../../../shared/tar.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'archive-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Image {
  name?: string;
  config?: object;
  files?: Record<string, string>;
}

/** An archive as an image builder writes it: a base, and the app above it. */
function archiveOf({
  name = 'docker.io/library/tea-house:1.0.0',
  config = {
    Entrypoint: ['/usr/local/bin/node', '--no-warnings'],
    Cmd: ['/app/main.cjs'],
    WorkingDir: '/app',
  },
  files = { 'app/main.cjs': "console.log('tea')", 'app/lib/leaf.txt': 'leaf' },
}: Image = {}): string {
  const tarOf = (content: Record<string, string>): Buffer =>
    writeTar(
      Object.entries(content).map(([file, text]) => ({
        ...{ path: file, type: 'file' as const, mode: 0o644 },
        data: Buffer.from(text),
      })),
    );
  const blobs: Record<string, Buffer> = {};
  const add = (data: Buffer): { digest: string } => {
    const sum = createHash('sha256').update(data).digest('hex');
    blobs[`blobs/sha256/${sum}`] = data;
    return { digest: `sha256:${sum}` };
  };
  const layers = [
    tarOf({ 'usr/local/bin/node': 'base', 'app/main.cjs': 'base' }),
    gzipSync(tarOf(files)),
  ].map(add);
  const manifest = add(
    Buffer.from(JSON.stringify({ config: add(Buffer.from(JSON.stringify({ config }))), layers })),
  );
  const annotations = { 'io.containerd.image.name': name };
  const index = JSON.stringify({ manifests: [{ ...manifest, annotations }] });
  const entries = { ...blobs, 'index.json': Buffer.from(index) };
  const file = path.join(folder, 'image.tar');
  writeFileSync(
    file,
    writeTar(
      Object.entries(entries).map(([each, data]) => ({ path: each, type: 'file', mode: 0o644, data })),
    ),
  );
  return file;
}

describe('an image from an archive', () => {
  it('starts its program with the flags of its entry point, the upper layer over the lower', () => {
    const { name, command } = loadImageArchive(archiveOf(), path.join(folder, 'images'));
    const app = path.join(folder, 'images/tea-house');
    expect({ name, command }).toEqual({
      name: 'tea-house',
      command: ['node', '--no-warnings', path.join(app, 'main.cjs')],
    });
    expect(execFileSync(process.execPath, command.slice(1), { encoding: 'utf8' })).toBe('tea\n');
    expect(readFileSync(path.join(app, 'lib/leaf.txt'), 'utf8')).toBe('leaf');
  });

  it('writes nothing outside its own folder', () => {
    const file = archiveOf({ files: { 'app/main.cjs': '', 'app/../../evil': 'x', 'etc/passwd': 'x' } });
    loadImageArchive(file, path.join(folder, 'images'));
    expect(
      execFileSync('find', [folder, '-type', 'f', '-name', 'evil*', '-o', '-name', 'passwd'], {
        encoding: 'utf8',
      }),
    ).toBe('');
  });

  it.each([
    [
      'whose program is not Node',
      { config: { Entrypoint: ['/bin/tea'], WorkingDir: '/app' } },
      /it starts \/bin\/tea, and here only Node runs/,
    ],
    ['without a name', { name: '' }, /it has no name/],
    ['whose name leads elsewhere', { name: 'docker.io/..' }, /it has no name/],
  ])('cannot be one %s', (_what, image, why) => {
    expect(() => loadImageArchive(archiveOf(image), folder)).toThrow(why);
  });

  it('cannot be a file that is no archive, or is not there', () => {
    const file = path.join(folder, 'text');
    writeFileSync(file, 'tea');
    for (const each of [file, path.join(folder, 'none')])
      expect(() => loadImageArchive(each, folder)).toThrow(
        /^--image .* cannot be loaded: .*npm run image\.$/,
      );
  });
});
