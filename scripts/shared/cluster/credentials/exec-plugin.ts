/**
 * A login command (`user.exec`): run on demand, once for all
 * concurrent callers, and again only when its credential has expired.
 */
import { CommandError, messageOf } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { formatDuration } from '../../duration.ts';
import type { Connection } from '../kubeconfig/connection.ts';
import type { ExecFields } from '../kubeconfig/fields.ts';
import { execInfo, readExecCredential } from './exec-credential.ts';
import type { Login } from './identity.ts';
import { NotInstalled, runLoginCommand } from './run-login-command.ts';

/** A login command failed; no request was sent. */
export class LoginError extends CommandError {}

export interface LoginSurroundings {
  /** Where the command is looked up, and what it inherits. */
  env: NodeJS.ProcessEnv;
  /** Timeout of one run, in milliseconds. Default: 3 min where a person can answer it, 30 s elsewhere. */
  loginTimeoutMs?: number | undefined;
}

export interface ExecPlugin {
  /** The cached credential while it is valid, else a new one. Throws LoginError. */
  login(signal?: AbortSignal): Promise<Login>;
  /** Drops a credential that the server has refused. */
  forget(login: Login): void;
}

const PERSON_MS = 180_000;
const PROGRAM_MS = 30_000;

/** One per command and cluster in this process, so that two connections share a login. */
const plugins = new Map<string, ExecPlugin>();

export function execPluginOf(
  connection: Connection,
  exec: ExecFields,
  surroundings: LoginSurroundings,
): ExecPlugin {
  const key = JSON.stringify([connection.userName, exec, execInfo(connection, exec, false)]);
  const plugin = plugins.get(key) ?? createExecPlugin(connection, exec, surroundings);
  plugins.set(key, plugin);
  return plugin;
}

function createExecPlugin(
  connection: Connection,
  exec: ExecFields,
  { env, loginTimeoutMs }: LoginSurroundings,
): ExecPlugin {
  const { userName } = connection;
  let last: Login | undefined;
  let running: Promise<Login> | undefined;

  async function run(): Promise<Login> {
    const hasInput = isTerminal(process.stdin);
    const onTerminal = hasInput || isTerminal(process.stderr);
    const timeoutMs = loginTimeoutMs ?? (onTerminal ? PERSON_MS : PROGRAM_MS);
    try {
      if (exec.interactiveMode === 'Always' && !hasInput)
        throw new Error('it needs a terminal as its standard input (interactiveMode Always)');
      const interactive = exec.interactiveMode !== 'Never' && hasInput;
      const output = await runLoginCommand({
        ...{ command: exec.command, args: exec.args, searchPath: env['PATH'] ?? '' },
        ...{ interactive, onTerminal, timeoutMs },
        env: {
          ...env,
          ...Object.fromEntries(exec.env.map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: execInfo(connection, exec, interactive),
        },
        onWait: () =>
          process.stderr.write(
            `${printable(`Waiting for the login command ${exec.command} of user "${userName}", ${formatDuration(timeoutMs)} at most.`)}\n`,
          ),
      });
      return readExecCredential(output, exec);
    } catch (error) {
      const hint =
        error instanceof NotInstalled && exec.installHint !== '' ? `\n${printable(exec.installHint)}` : '';
      throw new LoginError(
        `The login command ${exec.command} of user "${userName}" failed: ${messageOf(error)}.${hint}`,
        { cause: error },
      );
    }
  }

  return {
    async login(signal) {
      signal?.throwIfAborted();
      if (last !== undefined && (last.expiresAt === undefined || Date.now() <= last.expiresAt)) return last;
      running ??= run()
        .then((login) => (last = login))
        .finally(() => {
          running = undefined;
        });
      return unlessAborted(running, signal);
    },
    forget(login) {
      if (last === login) last = undefined;
    },
  };
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Node leaves the field out for anything else. */
const isTerminal = ({ isTTY = false }: { isTTY?: boolean }): boolean => isTTY;
