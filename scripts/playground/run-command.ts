import { existsSync, lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, isError, messageOf, UsageError } from '../shared/errors.ts';
import type { PlaygroundAccess } from '../shared/playground-kubeconfig.ts';
import { openOwnFolder, ownFolder } from '../shared/own-folder.ts';
import {
  announcePlayground,
  runningPlaygroundFiles,
  withdrawPlayground,
  type RunningPlayground,
} from '../shared/running-playground.ts';
import type { MainContext } from '../shared/run-main.ts';
import { verifyHasSignals } from '../shared/system.ts';
import { createSteps } from '../shared/terminal.ts';
import { describeUse } from './describe.ts';
import { openCoffeeShop } from './coffee-shop.ts';
import { startControl } from './control.ts';
import { startPlayground } from './start-playground.ts';
import { openLivePage, verifyLivePage, type LivePage } from './live-page.ts';
import { meshOptions, parseMesh, parseSeed, type PlaygroundOptions } from './options.ts';
import { printableMessage } from '../shared/printable.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** The flags of `npm run playground`, as parseArgs reads them. */
export interface Flags {
  empty?: boolean | undefined;
  json?: boolean | undefined;
  live?: boolean | undefined;
  ports?: boolean | undefined;
  'gateway-api'?: boolean | undefined;
  image: string[];
  mesh: string;
  seed: string;
  kubeconfig?: string | undefined;
}

/** Serves until `signal` aborts. @throws UsageError; CommandError when a part of the playground breaks */
export async function runCommand(
  values: Flags,
  { env, signal, print }: Pick<MainContext, 'env' | 'signal' | 'print'>,
): Promise<number> {
  const options = optionsFrom(values, env);
  const folder = ownFolder(env);
  const leftovers = leftoversIn(folder);
  const ended = endOf(signal);
  // A part that breaks is no reason to leave pods behind: said, put away, exit code 1.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => ended.fail(failureOf(error)));
  const steps = createSteps(process.stderr);
  const started = performance.now();
  steps.start('Start the playground');
  const playground = await startPlayground({
    ...options,
    ...(leftovers && { leftovers }),
    onFailure: ended.fail,
  });
  steps.succeed(`Kubernetes API at ${playground.server}`);
  const control = await startControl(playground);
  const { kubeconfig, gatewayUrl, serviceUrl } = playground;
  let page: LivePage | undefined;
  try {
    if (!values.empty) {
      steps.start('Open the coffee-shop');
      await openCoffeeShop(playground, root, signal);
      steps.succeed(`first coffee ${((performance.now() - started) / 1000).toFixed(1)} s after the start`);
    }
    const word = {
      pid: process.pid,
      // A relative path means nothing to a command that is started elsewhere.
      kubeconfig: path.resolve(kubeconfig),
      gatewayUrl: gatewayUrl ?? '',
      serviceUrl,
      controlUrl: control.url,
    };
    leaveWord(word, folder, playground.access);
    if (values.live) {
      steps.start('Open the live page');
      page = await openLivePage(word, ended.fail);
      steps.succeed('on this machine alone');
    }
    const liveUrl = page?.url;
    if (values.json)
      await print(`${JSON.stringify({ kubeconfig, gatewayUrl: gatewayUrl ?? null, serviceUrl, liveUrl })}\n`);
    else await print(describeUse(playground, liveUrl));
    await ended.promise;
  } finally {
    // Before the cluster: what the page started must not see it go.
    await page?.close();
    control.close();
    withdrawPlayground(process.pid, folder);
    await playground.close();
  }
  return 0;
}

/** @throws UsageError for what cannot be, or would overwrite something */
function optionsFrom(values: Flags, env: MainContext['env']): PlaygroundOptions {
  verifyHasSignals('The playground', process.platform);
  if (values.live && values.empty) throw new UsageError('--live shows the coffee-shop: leave out --empty.');
  if (values.live) verifyLivePage();
  if (values.kubeconfig !== undefined && !existsSync(path.dirname(values.kubeconfig)))
    throw new UsageError(`--kubeconfig: there is no folder ${path.dirname(values.kubeconfig)}.`);
  if (values.kubeconfig !== undefined && !isOursToWrite(values.kubeconfig)) {
    throw new UsageError(
      `--kubeconfig: ${values.kubeconfig} is there already and is no playground's; it would be overwritten, and removed at the end. Name another file.`,
    );
  }
  return {
    ...meshOptions(parseMesh(values.mesh), env),
    seed: parseSeed(values.seed),
    imageArchives: values.image,
    gatewayApi: values['gateway-api'] ?? false,
    addressing: values.ports ? ('port-per-pod' as const) : ('auto' as const),
    ...(values.kubeconfig === undefined ? {} : { kubeconfigFile: values.kubeconfig }),
  };
}

/** Best effort: where the playground cannot be announced to the other commands, it says so and serves on. */
function leaveWord(word: RunningPlayground, folder: string, access: PlaygroundAccess): void {
  try {
    announcePlayground(word, folder, access);
  } catch (error) {
    process.stderr.write(
      `${printableMessage(messageOf(error))}\nOther commands will not find this playground by themselves: name it to them with --kubeconfig.\n`,
    );
  }
}

/** What goes with the playground, however it ends; nothing of a folder that is not to be trusted. */
function leftoversIn(folder: string): PlaygroundOptions['leftovers'] {
  try {
    return { files: runningPlaygroundFiles(process.pid, openOwnFolder(folder)), folder };
  } catch {
    return undefined;
  }
}

/**
 * A new or empty file, or one that a playground left behind: never the
 * user's own kubeconfig, nor another user's file.
 */
function isOursToWrite(file: string): boolean {
  if (!existsSync(file)) return true;
  try {
    const stats = lstatSync(file);
    if (!stats.isFile() || (process.geteuid !== undefined && stats.uid !== process.geteuid())) return false;
    const text = readFileSync(file, 'utf8');
    return text.trim() === '' || /^current-context: playground$/m.test(text);
  } catch {
    return false;
  }
}

/** With the place it happened: nobody foresaw it. */
function failureOf(error: unknown): CommandError {
  const where = isError(error) ? (error.stack?.split('\n')[1]?.trim() ?? '') : '';
  return new CommandError(`The playground broke and has ended: ${messageOf(error)} ${where}`.trim(), {
    cause: error,
  });
}

/** Settles at the first signal, or fails when a part of the playground does. */
function endOf(signal: AbortSignal): { promise: Promise<void>; fail: (error: Error) => void } {
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    fail = reject;
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  promise.catch(() => undefined);
  return { promise, fail };
}
