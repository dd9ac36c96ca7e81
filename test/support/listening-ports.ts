/**
 * Every TCP port that a process and its descendants listen on, as the
 * system tells it: nothing has to be known of them. Linux only.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Aim } from './raw-requests.ts';

export interface ListeningPort extends Aim {
  pid: number;
}

export function listeningPorts(pid: number): ListeningPort[] {
  const bySocket = new Map(
    ['tcp', 'tcp6'].flatMap((table) =>
      listeningSockets(table).map(({ inode, ...aim }) => [inode, aim] as const),
    ),
  );
  return processTree(pid).flatMap((one) =>
    socketsOf(one).flatMap((inode) => {
      const aim = bySocket.get(inode);
      return aim === undefined ? [] : [{ ...aim, pid: one }];
    }),
  );
}

/** The process and its descendants. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // `pid (name) state parent …`; the name may hold anything.
    const stat = readOr(`/proc/${entry}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const all = [pid];
  for (const one of all) all.push(...(children.get(one) ?? []));
  return all;
}

const LISTENING = '0A';

function listeningSockets(table: string): { inode: string; host: string; port: number }[] {
  return readOr(`/proc/self/net/${table}`)
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { inode: fields[9] ?? '', host: hostOf(address), port: Number.parseInt(port, 16) };
    });
}

/** `0100007F` is 127.0.0.1; a wildcard is reached there too. */
function hostOf(hex: string): string {
  if (hex.length > 8) return /^0+$/.test(hex) ? '127.0.0.1' : '::1';
  const bytes = Buffer.from(hex, 'hex').reverse();
  return bytes.every((byte) => byte === 0) ? '127.0.0.1' : bytes.join('.');
}

function socketsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
