import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ApiContext } from '../context.ts';
import type { PodAddress } from './port-forward.ts';
import { failure, nonZero, SUCCESS, type CommandStreams } from './streams/command-streams.ts';
import { whenClosing } from './streams/web-socket.ts';

export interface ExecRequest {
  pod: PodAddress;
  container: string;
  command: string[];
}

/** `kubectl exec`: runs the command, couples its streams with the client's, and says how it ended. */
export function runExec(
  streams: CommandStreams,
  { pod, container, command }: ExecRequest,
  { execInPod, closing }: ApiContext,
): void {
  try {
    if (execInPod === undefined) throw new Error('this server has no kubelet to run commands');
    couple(streams, execInPod(pod.namespace, pod.name, container, command), closing);
  } catch (error) {
    streams.finish(failure(error instanceof Error ? error.message : String(error)));
  }
}

function couple(streams: CommandStreams, child: ChildProcess, closing: AbortSignal): void {
  const kill = () => void child.kill('SIGKILL');
  whenClosing({ on: (_event, listener) => streams.onClose(listener) }, closing, kill);
  streams.onClose(kill);
  child.stdin?.on('error', () => undefined);
  if (streams.stdin === undefined || child.stdin === null) child.stdin?.end();
  else {
    streams.stdin.on('error', () => undefined);
    streams.stdin.pipe(child.stdin);
  }
  const told = [passOn(streams, 'stdout', child.stdout), passOn(streams, 'stderr', child.stderr)];
  child.on('error', (error) =>
    streams.finish(failure(`error executing command in container: ${error.message}`)),
  );
  child.on('close', (code, signal) => {
    const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
    void Promise.all(told).then(() => streams.finish(exitCode === 0 ? SUCCESS : nonZero(exitCode)));
  });
}

/** Reads on as fast as the client does. What it did not ask for is read and dropped. */
async function passOn(
  streams: CommandStreams,
  name: 'stdout' | 'stderr',
  output: Readable | null,
): Promise<void> {
  try {
    for await (const chunk of (output ?? []) as AsyncIterable<Buffer | string>)
      await streams.write(name, Buffer.from(chunk));
  } catch {
    // The command was killed in the middle of a word: its end says so.
  }
}
