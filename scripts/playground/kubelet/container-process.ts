import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { SidecarRuntime } from '../network-types.ts';
import type { Container, Handler, Pod, Probe } from '../pod-types.ts';
import { check, type CheckTarget } from './check.ts';
import type { CheckResult } from './check-result.ts';
import type { ContainerLog } from './container-log.ts';
import type { KubeletContext } from './context.ts';
import { runHook } from './hooks.ts';
import { commandOf, setUpContainer, type PodSandbox } from './pod-sandbox.ts';
import { exited, killGroup, startProcess, type ExitStatus } from './process.ts';

/** One run of a container: a child process, or the pod's proxy that the mesh runs. */
export interface ContainerProcess {
  /** Resolves when it runs (a proxy: when its configuration has arrived). */
  up: Promise<void>;
  exited: Promise<ExitStatus>;
  check(probe: Probe, timeoutMs: number): Promise<CheckResult>;
  hook(hook: Handler, signal: AbortSignal): Promise<void>;
  sigterm(): void;
  sigkill(): void;
  /** The content of its termination message file. */
  terminationMessage(): string | undefined;
}

/** Raised when a container's image does not exist. */
export class ImageMissingError extends Error {
  override name = 'ImageMissingError';
}

export interface StartContainer {
  context: KubeletContext;
  pod: Pod;
  sandbox: PodSandbox;
  container: Container;
  log: ContainerLog;
}

/** Starts a container as a child process. Throws ImageMissingError or ContainerConfigError. */
export function startContainerProcess(options: StartContainer): ContainerProcess {
  const { context, pod, sandbox, container, log } = options;
  const setup = setUpContainer(context, pod, sandbox, container);
  const command = commandOf(context, container, setup.env);
  if (command === undefined) throw new ImageMissingError(`image "${container.image ?? ''}" not found`);
  rmSync(setup.terminationFile, { force: true });
  const child = startProcess({
    command,
    env: { ...setup.env, PLAYGROUND_INIT: '1' },
    cwd: setup.cwd,
    guard: context.guard,
  });
  const end = exited(child);
  if (child.pid === undefined)
    throw new Error(`exec: "${command[0] ?? ''}": executable file not found in $PATH`);
  if (child.stdout) log.attach(child.stdout);
  if (child.stderr) log.attach(child.stderr);
  const target = checkTarget(options);
  return {
    up: Promise.resolve(),
    exited: end,
    check: (probe, timeoutMs) => check(target, probe, timeoutMs),
    hook: (hook, signal) => runHook(target, hook, signal),
    sigterm: () => void child.kill('SIGTERM'),
    sigkill: () => killGroup(child),
    terminationMessage() {
      if (!existsSync(setup.terminationFile)) return undefined;
      return readFileSync(setup.terminationFile, 'utf8').slice(0, 4_096);
    },
  };
}

function checkTarget({ context, pod, sandbox, container }: StartContainer): CheckTarget {
  return {
    podIp: sandbox.ip,
    network: context.network,
    container,
    exec: (command, signal) => execInContainer({ context, pod, sandbox, container }, command, signal),
  };
}

/** Runs a command in a container's environment to its end; `signal` kills it. */
export async function execInContainer(
  { context, pod, sandbox, container }: Omit<StartContainer, 'log'>,
  command: string[],
  signal: AbortSignal,
): Promise<{ code: number; output: string }> {
  const { env, cwd } = setUpContainer(context, pod, sandbox, container);
  const child = startProcess({ command, env, cwd, guard: context.guard });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream
      ?.setEncoding('utf8')
      .on('data', (chunk: string) => void (output += output.length < 10_240 ? chunk : ''));
  }
  const onAbort = (): void => killGroup(child);
  signal.addEventListener('abort', onAbort, { once: true });
  const { code } = await exited(child);
  signal.removeEventListener('abort', onAbort);
  return { code, output };
}

/** The pod's proxy: started, asked and ended through the mesh. */
export function startProxyProcess(
  { pod, sandbox, container, log }: StartContainer,
  sidecars: SidecarRuntime,
  mode: 'classic' | 'native',
): ContainerProcess {
  const { uid, name, namespace = '' } = pod.metadata;
  const end = new EventTarget();
  const gone = once(end, 'exit').then(([event]) => (event as CustomEvent<ExitStatus>).detail);
  const exit = (code: number): void => void end.dispatchEvent(new CustomEvent('exit', { detail: { code } }));
  const ports = (pod.spec?.containers ?? [])
    .filter((candidate) => candidate !== container && candidate.name !== container.name)
    .flatMap((candidate) => candidate.ports ?? [])
    .map(({ containerPort }) => containerPort);
  const up = sidecars.start({
    ...{ namespace, name, uid, ip: sandbox.ip, ports },
    log: (output) => log.attach(output),
  });
  up.catch(() => exit(1));
  return {
    up,
    exited: gone,
    check: () =>
      Promise.resolve(
        sidecars.isReady(uid)
          ? { passed: true, output: '' }
          : { passed: false, output: 'HTTP probe failed with statuscode: 503' },
      ),
    hook() {
      sidecars.drain(uid);
      return Promise.resolve();
    },
    sigterm() {
      sidecars.terminate(uid, mode).then(
        () => exit(0),
        () => exit(1),
      );
    },
    sigkill() {
      sidecars.kill(uid);
      exit(137);
    },
    terminationMessage: () => undefined,
  };
}
