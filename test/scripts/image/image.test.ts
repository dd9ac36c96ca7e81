import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readBase } from '../../../scripts/image/base.ts';
import { buildImage } from '../../../scripts/image/build-image.ts';
import { bundleService } from '../../../scripts/image/bundle-service.ts';
import { bundleTools } from '../../../scripts/image/bundle-tools.ts';
import { hostBase } from '../../../scripts/image/host-base.ts';
import {
  createLayer,
  digestOf,
  fullName,
  type Descriptor,
  type ImageConfig,
  writeOciArchive,
} from '../../../scripts/image/oci.ts';
import { readTarFiles, writeTar } from '../../../scripts/shared/tar.ts';
import { killLeftovers, startProcess } from '../../support/service-process.ts';

const main = join(process.cwd(), 'services/coffee-shop/main.ts');
const sidecarMain = join(process.cwd(), 'services/lifecycle-sidecar/main.ts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-'));
});
afterEach(killLeftovers);
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Index {
  manifests: [Descriptor];
}
interface Manifest {
  config: Descriptor;
  layers: Descriptor[];
}

/** Unpacks an archive as an importer does: by descriptors, checking each digest and size. */
function open(archive: Buffer): { index: Index; manifest: Manifest; config: ImageConfig; layers: Buffer[] } {
  const files = readTarFiles(archive);
  expect(JSON.parse(files.get('oci-layout')?.toString() ?? '')).toEqual({ imageLayoutVersion: '1.0.0' });
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const data = files.get(`blobs/sha256/${digest.slice('sha256:'.length)}`) ?? Buffer.alloc(0);
    expect({ digest: digestOf(data), size: data.length }).toEqual({ digest, size });
    return data;
  };
  const index = JSON.parse(files.get('index.json')?.toString() ?? '') as Index;
  const manifest = JSON.parse(blob(index.manifests[0]).toString()) as Manifest;
  const config = JSON.parse(blob(manifest.config).toString()) as ImageConfig;
  const layers = manifest.layers.map((layer) => gunzipSync(blob(layer)));
  expect(layers.map(digestOf)).toEqual(config.rootfs.diff_ids);
  return { index, manifest, config, layers };
}

/** A base as small as one can be: the node in it never runs. */
function smallBase(entrypoint = ['/nodejs/bin/node']): Buffer {
  const layer = createLayer(
    writeTar([
      { path: 'nodejs', type: 'folder', mode: 0o755 },
      { path: 'nodejs/node', type: 'file', mode: 0o755, data: Buffer.from('node') },
    ]),
  );
  const config: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    config: { User: 'root', Env: ['PATH=/nodejs/bin'], Entrypoint: entrypoint, Cmd: ['repl'] },
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
  };
  return writeOciArchive({ name: 'base:1', config, layers: [layer] }).archive;
}

const baseFile = async (archive: Buffer): Promise<string> => {
  const file = join(folder, `base-${digestOf(archive).slice(7, 15)}.tar`);
  await writeFile(file, archive);
  return file;
};

describe('an image on a given base', () => {
  it('has the base below, and the service above it', async () => {
    const base = await readBase(await baseFile(smallBase()), 'amd64');
    const { archive, digest, appBytes } = buildImage({
      app: bundleService(main),
      name: 'coffee-shop:1.2.3',
      base,
      revision: 'abc',
    });
    const { index, manifest, config, layers } = open(archive);
    expect(index.manifests[0]).toMatchObject({
      digest,
      platform: { architecture: 'amd64', os: 'linux' },
      annotations: {
        'io.containerd.image.name': 'docker.io/library/coffee-shop:1.2.3',
        'org.opencontainers.image.ref.name': '1.2.3',
      },
    });
    expect(manifest.layers).toHaveLength(2);
    expect(config.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/nodejs/bin/node'],
      Cmd: ['/app/main.cjs'],
      Env: ['PATH=/nodejs/bin', 'NODE_ENV=production', 'NODE_OPTIONS=--enable-source-maps', 'REVISION=abc'],
    });
    const files = readTarFiles(layers[1] ?? Buffer.alloc(0));
    expect([...files.keys()].sort()).toEqual(['app/main.cjs', 'app/main.cjs.map']);
    expect([...files.values()].reduce((sum, data) => sum + data.length, 0)).toBe(appBytes);
    expect(appBytes).toBeLessThan(15e6);
  });

  it('has as tools the scripts that Jobs run, and the templates that the switch renders', async () => {
    const base = await readBase(await baseFile(smallBase()), 'amd64');
    const app = bundleTools(process.cwd());
    const { archive, appBytes } = buildImage({ app, name: 'coffee-shop-tools:1', base });
    const { config, layers } = open(archive);
    const files = [...readTarFiles(layers[1] ?? Buffer.alloc(0)).keys()];
    expect(files).toEqual(
      expect.arrayContaining([
        'app/istio/cluster.yaml',
        'app/istio/version/deployment.tpl.yaml',
        'app/scripts/load/main.js',
        'app/scripts/switch/main.js',
      ]),
    );
    expect(appBytes).toBeLessThan(15e6);
    // A Job's command says node, wherever the base has it.
    expect(config.config.Env?.[0]).toBe('PATH=/nodejs/bin');
  });

  it('finds node by name on a base that keeps it outside of its PATH', async () => {
    const base = await readBase(await baseFile(smallBase(['/opt/node/bin/node'])), 'amd64');
    const app = bundleService(sidecarMain);
    const { config } = open(buildImage({ app, name: 'lifecycle-sidecar:1', base }).archive);
    expect(config.config.Env?.[0]).toBe('PATH=/nodejs/bin:/opt/node/bin');
  });

  it('is the same image whenever it is built', async () => {
    const base = await readBase(await baseFile(smallBase()), 'amd64');
    const build = () =>
      buildImage({ app: bundleService(sidecarMain), name: 'lifecycle-sidecar:1', base }).archive;
    expect(digestOf(build())).toBe(digestOf(build()));
  });

  it('starts node itself where the base starts a script', async () => {
    const base = await readBase(await baseFile(smallBase(['docker-entrypoint.sh'])), 'amd64');
    const { config } = open(
      buildImage({ app: bundleService(sidecarMain), name: 'lifecycle-sidecar:1', base }).archive,
    );
    expect(config.config.Entrypoint).toEqual(['node']);
  });

  it('can be read by tar, as importers do', async () => {
    const file = await baseFile(smallBase());
    const names = execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n');
    expect(names).toEqual(expect.arrayContaining(['oci-layout', 'index.json']));
    expect(names.filter((name) => name.startsWith('blobs/sha256/'))).toHaveLength(3);
  });

  it('reads a base that tar has packed, with long names', async () => {
    const unpacked = await mkdtemp(join(folder, 'unpacked-'));
    execFileSync('tar', ['-xf', await baseFile(smallBase()), '-C', unpacked]);
    for (const format of ['gnu', 'pax', 'ustar']) {
      const file = join(folder, `${format}.tar`);
      execFileSync('tar', [`--format=${format}`, '-cf', file, '-C', unpacked, '.']);
      expect((await readBase(file, 'amd64')).layers).toHaveLength(1);
    }
  });

  it.each<[string, (archive: Buffer) => Buffer, RegExp]>([
    ['is damaged', flipBlobs, /is damaged: blob sha256:/],
    ['is something else', () => Buffer.from('hello'), /is no OCI archive: it has no index\.json/],
    ['is for another machine', forAnotherMachine, /no image for linux\/amd64/],
  ])('refuses a base that %s', async (_what, change, message) => {
    await expect(readBase(await baseFile(change(smallBase())), 'amd64')).rejects.toThrow(message);
  });
});

/** The archive with each file as `change` makes it. */
const rewrite = (archive: Buffer, change: (path: string, data: Buffer) => Buffer): Buffer =>
  writeTar(
    [...readTarFiles(archive)].map(([path, data]) => ({
      path,
      type: 'file' as const,
      mode: 0o644,
      data: change(path, data),
    })),
  );

const isGzip = (data: Buffer): boolean => data[0] === 0x1f;

function flipBlobs(archive: Buffer): Buffer {
  return rewrite(archive, (_path, data) => (isGzip(data) ? Buffer.from(data.map((byte) => byte ^ 1)) : data));
}

function forAnotherMachine(archive: Buffer): Buffer {
  return rewrite(archive, (path, data) =>
    path === 'index.json' ? Buffer.from(data.toString().replace('amd64', 'arm64')) : data,
  );
}

describe('the name of an image', () => {
  it.each([
    ['coffee-shop:1', 'docker.io/library/coffee-shop:1'],
    ['team/coffee-shop:1', 'docker.io/team/coffee-shop:1'],
    ['registry.example:5000/coffee-shop:1', 'registry.example:5000/coffee-shop:1'],
    ['localhost/coffee-shop:1', 'localhost/coffee-shop:1'],
  ])('is completed as the kubelet does: %s', (name, full) => {
    expect(fullName(name)).toBe(full);
  });
});

const asRoot = process.getuid?.() === 0 && process.platform === 'linux';
const why = asRoot ? '' : ' (skipped: needs Linux and root, to change the root file system)';

describe('an image made of this machine', () => {
  (asRoot ? it : it.skip)(
    `serves and ends well, from nothing but its own files, read-only${why}`,
    async () => {
      const base = await hostBase('amd64', process.execPath);
      const { config, layers } = open(
        buildImage({ app: bundleService(main), name: 'coffee-shop:1', base }).archive,
      );
      const rootfs = await mkdtemp(join(folder, 'rootfs-'));
      await chmod(rootfs, 0o755);
      for (const layer of layers) {
        const file = join(folder, 'layer.tar');
        await writeFile(file, layer);
        execFileSync('tar', ['-xpf', file, '-C', rootfs]);
      }
      await expect(readFile(join(rootfs, 'bin/sh'))).rejects.toThrow('ENOENT');

      const { Env = [], User = '', Entrypoint = [], Cmd = [] } = config.config;
      const env = Object.fromEntries(Env.map((each) => each.split(/=(.*)/s, 2) as [string, string]));
      // Its own view of mounts, so that the mount ends with the
      // process; each exec keeps the process's id for the signal.
      const script =
        'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && user=$1 && shift && exec chroot --userspec="$user" "$0" "$@"';
      const service = startProcess(
        'unshare',
        ['--mount', 'sh', '-c', script, rootfs, User, ...Entrypoint, ...Cmd],
        {
          ...env,
          PATH: process.env.PATH ?? '',
          HOST: '127.0.0.1',
          PORT: '0',
          ADMIN_PORT: '0',
          VERSION: 'v1',
          DRAIN_MIN_MS: '0',
          DRAIN_QUIET_MS: '50',
        },
      );
      const { port } = await service.event('listening');
      await service.event('ready');
      const response = await fetch(`http://127.0.0.1:${String(port)}/coffee`);
      expect({ status: response.status, version: response.headers.get('x-version') }).toEqual({
        status: 200,
        version: 'v1',
      });
      const status = await readFile(`/proc/${service.child.pid ?? 0}/status`, 'utf8');
      expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe('65532');
      service.signal('SIGTERM');
      expect(await service.exited).toBe(0);
      expect(service.events.map(({ msg }) => msg)).toContain('closed');
    },
    60_000,
  );
});
