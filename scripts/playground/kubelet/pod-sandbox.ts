import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { SocketAddress } from '../network-types.ts';
import type { Container, Handler, Pod } from '../pod-types.ts';
import { containerEnv, expand } from './env.ts';
import type { KubeletContext } from './context.ts';
import { createPodVolumes, type PodVolumes } from './volumes.ts';

/** The pod's address, its folder and what its containers share. */
export interface PodSandbox {
  ip: string;
  folder: string;
  ports: number[];
  volumes: PodVolumes;
}

/** The container that the mesh runs instead of the kubelet. */
export const PROXY_CONTAINER = 'istio-proxy';

/**
 * Envoy's admin and outbound listener, pilot-agent, Envoy's status and metrics: the ports of an injected
 * proxy (istio.io, "Ports used by Istio").
 */
const PROXY_PORTS = [15_000, 15_001, 15_020, 15_021, 15_090];

export async function openSandbox(context: KubeletContext, pod: Pod): Promise<PodSandbox> {
  const containers = allContainers(pod);
  const proxied = context.sidecars !== undefined && containers.some(({ name }) => name === PROXY_CONTAINER);
  const ports = [...new Set([...containers.flatMap(portsOf), ...(proxied ? PROXY_PORTS : [])])];
  const ip = await context.network.allocate(pod.metadata.uid, ports);
  if (proxied) context.network.intercept(ip, true);
  const folder = podFolder(context, pod);
  mkdirSync(folder, { recursive: true });
  return { ip, folder, ports, volumes: createPodVolumes(context, pod, ip, folder) };
}

export function podFolder({ stateDir }: { stateDir: string }, pod: Pod): string {
  return path.join(stateDir, 'pods', pod.metadata.uid);
}

export function allContainers(pod: Pod): Container[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
}

/** Declared ports, and those a probe or a hook names by number. */
function portsOf(container: Container): number[] {
  const { startupProbe, readinessProbe, livenessProbe, lifecycle } = container;
  const actions: (Handler | undefined)[] = [
    startupProbe,
    readinessProbe,
    livenessProbe,
    lifecycle?.preStop,
    lifecycle?.postStart,
  ];
  const named = actions.flatMap((action) => [
    action?.httpGet?.port,
    action?.tcpSocket?.port,
    action?.grpc?.port,
  ]);
  return [
    ...(container.ports ?? []).map(({ containerPort }) => containerPort),
    ...named.filter((port): port is number => typeof port === 'number'),
  ];
}

export interface ContainerSetup {
  env: Record<string, string>;
  cwd: string;
  /** The file that stands for the container's terminationMessagePath. */
  terminationFile: string;
}

/**
 * Environment and folder of a container. Throws ContainerConfigError
 * when it names something that does not exist.
 */
export function setUpContainer(
  context: KubeletContext,
  pod: Pod,
  sandbox: PodSandbox,
  container: Container,
): ContainerSetup {
  const own = containerEnv(context.store, pod, sandbox.ip, container);
  const home = path.join(sandbox.folder, 'containers', container.name);
  mkdirSync(home, { recursive: true });
  const terminationFile = path.join(home, 'termination-message');
  const image = context.images.folderOf?.(container.image ?? '');
  const mounts: [string, string][] = [
    [container.terminationMessagePath ?? '/dev/termination-log', terminationFile],
    ...sandbox.volumes.mount(container),
    // Where the program of an image is started it has its real path, which no volume covers.
    ...(image === undefined ? [] : [image, [image[1], image[1]] satisfies [string, string]]),
  ];
  const paths = mounts.sort(deepestFirst);
  const cwd = folderFor(container.workingDir, paths) ?? home;
  const sockets: Record<number, SocketAddress> = {};
  for (const port of sandbox.ports) {
    const socket = context.network.inside(sandbox.ip, port);
    if (socket !== undefined) sockets[port] = socket;
  }
  const shared = context.network.mode === 'port-per-pod';
  // Any port shows the address of the pod's inside, when it has one of its own.
  const host = shared ? undefined : context.network.inside(sandbox.ip, 1)?.host;
  const firstPort = container.ports?.[0]?.containerPort;
  const first = firstPort === undefined ? undefined : sockets[firstPort];
  return {
    cwd,
    terminationFile,
    env: {
      // For programs that are not Node: where to listen, if they ask the environment.
      ...(first === undefined
        ? {}
        : { HOST: first.host, PORT: String(isNode(context, container) ? firstPort : first.port) }),
      POD_IP: sandbox.ip,
      ...context.env,
      ...own,
      NODE_OPTIONS: [`--require ${JSON.stringify(context.shimFile)}`, own.NODE_OPTIONS]
        .filter(Boolean)
        .join(' '),
      PLAYGROUND_POD: JSON.stringify({
        ip: sandbox.ip,
        host,
        sockets,
        paths,
        namespace: pod.metadata.namespace,
        ...surroundings(context, pod, sandbox),
      }),
    },
  };
}

/** Where a Node process finds the cluster's Services, and whether its calls to them go through a sidecar. */
function surroundings(
  context: KubeletContext,
  pod: Pod,
  sandbox: PodSandbox,
): { services?: string; outbound?: SocketAddress } {
  if (context.servicesFile === undefined) return {};
  const proxied =
    context.sidecars !== undefined && allContainers(pod).some(({ name }) => name === PROXY_CONTAINER);
  const outbound = proxied ? context.network.inside(sandbox.ip, 15_001) : undefined;
  return { services: context.servicesFile, ...(outbound === undefined ? {} : { outbound }) };
}

/** A mount below another one covers it. */
const deepestFirst = ([a]: [string, string], [b]: [string, string]): number => b.length - a.length;

/** Where a path of the container really is: in a volume or in its image; undefined elsewhere. */
function folderFor(seen: string | undefined, paths: [string, string][]): string | undefined {
  if (seen === undefined) return undefined;
  // Steps back are taken in the container, not below its mounts.
  const at = path.posix.normalize(seen);
  const mount = paths.find(([from]) => at === from || at.startsWith(`${from}/`));
  return mount && path.join(mount[1], at.slice(mount[0].length));
}

function isNode(context: KubeletContext, container: Container): boolean {
  const command = container.command ?? context.images.resolve(container.image ?? '');
  return path.basename(command?.[0] ?? '') === 'node';
}

/** The command a container runs, `$(VAR)` filled in; undefined when its image does not exist. */
export function commandOf(
  context: KubeletContext,
  container: Container,
  env: Record<string, string>,
): string[] | undefined {
  const image = context.images.resolve(container.image ?? '');
  // No image has a root file system here: a command of its own needs no image either.
  const command = container.command ?? image;
  if (command === undefined) return undefined;
  return [...command, ...(container.args ?? [])].map((part) => expand(part, env));
}
