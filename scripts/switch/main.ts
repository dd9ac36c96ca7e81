import { existsSync } from 'node:fs';
import path from 'node:path';
import { asCalled, calledAs } from '../shared/called.ts';
import { systemClock } from '../shared/clock.ts';
import { chooseCluster } from '../shared/cluster/flags.ts';
import type { Cluster } from '../shared/cluster/cluster.ts';
import { messageOf, UsageError } from '../shared/errors.ts';
import { printableJson, printableLines } from '../shared/printable.ts';
import { runMain } from '../shared/run-main.ts';
import { homeFolder } from '../shared/user.ts';
import { help, parseSwitchArgs } from './command/command-line.ts';
import { appOf } from './command/app-of.ts';
import type { SwitchResult } from './types.ts';

await runMain(async ({ argv, env, signal }) => {
  const start = { script: process.argv[1], env };
  const defaultTemplates = findTemplates();
  const called = { as: calledAs('switch', start), app: appOf(defaultTemplates) ?? '' };
  const parsed = parseSwitchArgs(argv, { defaultTemplates, called, isReadElsewhere: isPodLog(env) });
  const { help: wantsHelp, status, promote: wantsPromotion, json, journal, flags, options } = parsed;
  const { compared } = parsed;
  if (wantsHelp) {
    process.stdout.write(`${asCalled(help, 'switch', start)}\n`);
    return 0;
  }
  const choice = chooseCluster(flags, { env, home: homeFolder() });
  const print = (document: object) => process.stdout.write(`${printableJson(document, orNull, 2)}\n`);
  // Loaded here, so that help and wrong usage answer fast.
  const {
    answerPromotion,
    answerStatus,
    combineReporters,
    connectCluster,
    createJournal,
    createTerminalReporter,
    describeClusterFile,
    runAdoption,
    runSwitch,
  } = await import('./command/parts.ts');
  let cluster: Cluster | undefined;
  const started = systemClock.now();
  try {
    cluster = await connectCluster(choice, { fieldManager: 'zero-downtime-switch', signal });
    if (isPodLog(env)) options.sameCluster = ` --namespace ${cluster.namespace}${options.sameCluster}`;
    const write = (text: string) => process.stdout.write(`${printableLines(text)}\n`);
    const answer = json ? { document: print } : { text: write };
    if (status) return await answerStatus(cluster, { ...options, compared }, answer);
    if (wantsPromotion) return await answerPromotion(cluster, options, answer);
    const terminal = createTerminalReporter(process.stderr);
    const reporter = journal === undefined ? terminal : combineReporters(terminal, createJournal(journal));
    const run = options.adopt ? runAdoption : runSwitch;
    const result = await run({ ...options, events: true, cluster, signal }, reporter);
    const clusterFile = options.adopt && result.ok ? await describeClusterFile(cluster, result) : undefined;
    if (json) print({ ...result, ...(clusterFile === undefined ? {} : { clusterFile }) });
    else if (clusterFile !== undefined) write(clusterFile);
    else if (options.writeValues === '-') process.stdout.write(result.values?.patch ?? '');
    return result.ok ? 0 : 1;
  } catch (error) {
    // With --json the result is JSON, also when the first read of the cluster failed.
    if (json && !(error instanceof UsageError)) {
      const { app, to } = options;
      const message = messageOf(error);
      if (status || wantsPromotion) print({ app, error: message });
      else print(resultWithout({ app, to, message, durationMs: Math.round(systemClock.now() - started) }));
    }
    throw error;
  } finally {
    await cluster?.close();
  }
});

/** The cluster file of this repository; as an installed tool, that of the working directory. */
function findTemplates(): string {
  const ours = path.resolve(import.meta.dirname, '../../istio/cluster.yaml');
  return existsSync(ours) ? ours : path.resolve('istio/cluster.yaml');
}

/** Whether the output is the log of a pod: its reader does not have the pod's files. */
function isPodLog(env: NodeJS.ProcessEnv): boolean {
  return env['KUBERNETES_SERVICE_HOST'] !== undefined && !process.stderr.isTTY;
}

/** The result when the first read of the cluster failed. */
function resultWithout({
  message,
  ...known
}: Pick<SwitchResult, 'app' | 'to' | 'message' | 'durationMs'>): SwitchResult {
  const nothing = { from: undefined, steps: [], proxies: 0, requests: undefined, live: undefined };
  return { ...nothing, ...known, outcome: 'stopped', ok: false, message, error: message };
}

/** Writes undefined as null: every field is present in the JSON. */
function orNull(_key: string, value: unknown): unknown {
  return value === undefined ? null : value;
}
