import { readdirSync, readFileSync } from 'node:fs';
import { UsageError } from '../shared/errors.ts';

/** The limits of this process on this machine. Undefined where the system does not tell. */
export interface MachineLimits {
  /** Open files (a connection is one) this process may have, and has. */
  files: { limit: number | undefined; open: number | undefined };
  /** First and last local port that the system gives to outgoing connections. */
  ports: { from: number; to: number } | undefined;
}

/** This process hit a limit of its own machine: no loss of the service. */
export interface OwnLimit {
  /** EMFILE and the like. */
  code: string;
  /** What ran out and how to raise it, in one sentence each. */
  said: string;
}

/** https://man7.org/linux/man-pages/man2/socket.2.html#ERRORS, connect.2; EAI_MEMORY is getaddrinfo's. */
const scarce = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EAI_MEMORY']);
const noPort = 'EADDRNOTAVAIL';

/** Files reserved for Node beside the connections: the resolver's, a report's. */
const spareFiles = 8;

/**
 * The code by which an error says that this machine ran out of a resource;
 * undefined where the way or the peer is at fault. Of several addresses tried,
 * one refusal by the peer explains a missing local address of another family.
 */
export function ownLimitOf(error: NodeJS.ErrnoException): string | undefined {
  const all = error instanceof AggregateError ? (error.errors as NodeJS.ErrnoException[]) : [error];
  const codes = all.map(({ code }) => code ?? '');
  return (
    codes.find((code) => scarce.has(code)) ?? (codes.every((code) => code === noPort) ? codes[0] : undefined)
  );
}

/** Linux and macOS say all of it; elsewhere the parts that are known. */
export function readMachineLimits(): MachineLimits {
  return { files: { limit: fileLimit(), open: openFiles() }, ports: portRange() };
}

/** @throws UsageError when the connections cannot all be open at once here; nothing has been sent then */
export function verifyOwnLimits(connections: number, { files, ports }: MachineLimits): void {
  const { limit, open = 24 } = files;
  const others = open + spareFiles;
  if (limit !== undefined && connections + others > limit) {
    const most = limit - others;
    throw new UsageError(
      `${number(connections)} connections need ${number(connections + others)} open files, and this process may have ${number(limit)}. ` +
        `${raiseFiles(connections + others)}${most > 0 ? `, or ask for --connections ${most} at most` : ''}. Nothing was sent.`,
    );
  }
  const free = ports && ports.to - ports.from + 1;
  if (free !== undefined && connections > free) {
    throw new UsageError(
      `${number(connections)} connections need as many local ports, and this machine gives out ${number(free)} (${ports?.from} to ${ports?.to}). ${raisePorts}, or ask for --connections ${free} at most. Nothing was sent.`,
    );
  }
}

/** @param everConnected whether any connection of the run came about */
export function describeOwnLimit(
  code: string,
  { files, ports }: MachineLimits,
  everConnected: boolean,
): OwnLimit {
  const wayOut = (): string => {
    switch (code) {
      case 'EMFILE':
        return `this process may have ${files.limit === undefined ? 'no more' : number(files.limit)} open files. ${raiseFiles((files.limit ?? 512) * 2)}, or use fewer --connections.`;
      case 'ENFILE':
        return 'all processes of this machine together have as many open files as it allows. Raise it: sysctl -w fs.file-max=N (Linux), kern.maxfiles (macOS), or use fewer --connections.';
      case noPort:
        return everConnected
          ? `this machine has no free local port left${ports ? ` (it gives out ${ports.from} to ${ports.to})` : ''}; a closed connection keeps its port for a minute. ${raisePorts}, or send fewer --qps to a service that closes its connections.`
          : 'this machine has no address of its own from which that one can be reached (an IPv6 address without IPv6?). Name another address with --url.';
      default:
        return 'this machine has no memory left for sockets. Use fewer --connections, or raise it: sysctl net.ipv4.tcp_mem, net.core.wmem_max (Linux), or the memory limit of the container.';
    }
  };
  return { code, said: `${code}: ${wayOut()}` };
}

const raiseFiles = (wanted: number): string => {
  const limit = 2 ** Math.ceil(Math.log2(wanted));
  return `Raise the limit (ulimit -n ${limit} in the shell, LimitNOFILE=${limit} for systemd, --ulimit nofile=${limit} for a container)`;
};

const raisePorts = 'Raise it (Linux: sysctl -w net.ipv4.ip_local_port_range="1024 65535")';

const number = (value: number): string => value.toLocaleString('en-US');

/** The soft limit; Node raises it to the hard one when it starts. */
function fileLimit(): number | undefined {
  // Without it a report asks the resolver for the names of all peers.
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as {
    userLimits?: { open_files?: { soft: number | string } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/dev/fd').length;
  } catch {
    return undefined;
  }
}

function portRange(): MachineLimits['ports'] {
  try {
    const [from = 0, to = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    return to >= from && from > 0 ? { from, to } : undefined;
  } catch {
    return undefined;
  }
}
