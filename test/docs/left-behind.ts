import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { pause } from '../../scripts/shared/wait.ts';

/**
 * What is meant to stay: the demo's page, which the reader opens
 * afterwards, and what tsx and Node keep to start faster.
 */
const meantToStay = [/^coffee-shop-report-/, /^tsx-\d+$/, /^node-compile-cache$/];

export interface Process {
  pid: number;
  command: string;
}

/**
 * What is still there of commands whose temp folder this is, one
 * sentence for each thing: processes, ports they listen on, files.
 * @param named text of the commands: a file that it names is the reader's own
 */
export async function leftBehind(folder: string, named = ''): Promise<string[]> {
  const processes = await processesOf(folder);
  const listening = await Promise.all(processes.map(({ pid }) => listenersOf(pid)));
  const files = (await readdir(folder)).filter(
    (name) => !meantToStay.some((pattern) => pattern.test(name)) && !named.includes(name),
  );
  return [
    ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
    ...listening.flat().map((port) => `port: ${port} is still listened on`),
    ...files.map((name) =>
      /-playground-\d+-\d+\.json/.test(name)
        ? `announcement of a playground: ${name}`
        : `file: ${name} in the temp folder`,
    ),
  ];
}

/** The same once everything has had its time to go. */
export async function leftBehindFor(folder: string, named: string, patienceMs = 10_000): Promise<string[]> {
  const began = performance.now();
  for (;;) {
    const left = await leftBehind(folder, named);
    if (left.length === 0 || performance.now() - began > patienceMs) return left;
    await pause(100);
  }
}

/**
 * Every process that was started for this folder, whoever its parent is by now: it
 * has the folder as TMPDIR, works in it, or is a program in it, as the containers
 * of a playground are. Looks into /proc: elsewhere than on Linux it finds none.
 */
export async function processesOf(folder: string): Promise<Process[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => processOf(folder, pid)));
  return found.filter((one) => one !== undefined);
}

async function processOf(folder: string, pid: string): Promise<Process | undefined> {
  try {
    const [environ, cmdline, cwd] = await Promise.all([
      readFile(`/proc/${pid}/environ`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readlink(`/proc/${pid}/cwd`),
    ]);
    const isOfIt = environ.includes(folder) || cmdline.includes(folder) || cwd.startsWith(folder);
    return isOfIt
      ? { pid: Number(pid), command: cmdline.replaceAll('\0', ' ').trim().slice(0, 200) }
      : undefined;
  } catch {
    // Gone meanwhile, a zombie, or another user's.
    return undefined;
  }
}

/** The TCP ports on which a process listens; /proc/net writes them in hexadecimal. */
async function listenersOf(pid: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder).catch(() => [])).map((fd) => readlink(path.join(folder, fd)).catch(() => '')),
  );
  const sockets = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/net/${table}`, 'utf8').catch(() => '')),
  );
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, ...rest]) => state === '0A' && sockets.has(rest[5] ?? ''))
    .map(([, local = '']) => `${Number.parseInt(local.split(':')[1] ?? '', 16)}`);
}
