import { execFile } from 'node:child_process';
import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { CommandError } from '../shared/errors.ts';
import type { Base } from './base.ts';
import { createLayer } from './oci.ts';
import { type TarEntry, writeTar } from '../shared/tar.ts';

const run = promisify(execFile);

const accounts = {
  'etc/passwd': 'root:x:0:0:root:/:/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/nologin\n',
  'etc/group': 'root:x:0:\nnonroot:x:65532:\n',
  // Names are looked up in /etc/hosts first, as everywhere.
  'etc/nsswitch.conf': 'hosts: files dns\n',
};

/**
 * A base made of this machine's own Node program and the libraries it is linked to: no registry, no shell,
 * nothing else. For a cluster on the same machine; its libraries are as current as this machine's.
 */
export async function hostBase(architecture: string, nodePath: string): Promise<Base> {
  if (process.platform !== 'linux')
    throw new CommandError(
      'Without --base this machine must run Linux: its node goes into the image. Give --base ARCHIVE.',
    );
  const { stdout } = await run('ldd', [nodePath]).catch(() => ({ stdout: '' }));
  const libraries = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
  const files = new Map<string, TarEntry>();
  const add = (path: string, data: Buffer, mode: number): void => {
    files.set(path, { path, type: 'file', mode, data });
  };
  add('usr/local/bin/node', await readFile(await realpath(nodePath)), 0o755);
  // Each library where the loader looks for it, links resolved.
  for (const path of libraries) add(path.slice(1), await readFile(path), 0o755);
  for (const [path, text] of Object.entries(accounts)) add(path, Buffer.from(text), 0o644);
  const certificates = await readFile('/etc/ssl/certs/ca-certificates.crt').catch(() => undefined);
  if (certificates) add('etc/ssl/certs/ca-certificates.crt', certificates, 0o644);

  const folders = new Set(['dev', 'proc', 'sys']);
  for (const path of files.keys())
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  const entries: TarEntry[] = [
    ...[...folders].map((path) => ({ path, type: 'folder' as const, mode: 0o755 })),
    { path: 'tmp', type: 'folder', mode: 0o1777 },
    ...files.values(),
  ];
  const layer = createLayer(writeTar(entries.sort((a, b) => (a.path < b.path ? -1 : 1))));
  return {
    layers: [layer],
    config: {
      architecture,
      os: 'linux',
      config: {
        Env: ['PATH=/usr/local/bin', 'SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'],
        Entrypoint: ['/usr/local/bin/node'],
      },
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [{ created_by: `Node ${process.version} and its libraries` }],
    },
  };
}
