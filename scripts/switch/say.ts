/** The last message of a run: the state that was reached, and the next command. */
import { formatDuration } from '../shared/duration.ts';
import { messageOf } from '../shared/errors.ts';
import { describeLive, describeServing } from './cluster-state/describe-serving.ts';
import { canServeAgain, findVersion, listVersions } from './cluster-state/versions.ts';
import type { Run, SwitchContext, Work } from './context.ts';
import { isUnfinished, readLease, readRecord } from './lock/switch-record.ts';
import { plainSwitchCommand, switchCommand, undoCommand, waysOn } from './next-command.ts';
import { requestsSeen } from './proofs/requests-seen.ts';
import type { LiveVersion } from './routing/traffic-routing.ts';
import type { Outcome, StepReport, SwitchResult } from './types.ts';
import { tryToWriteEndState } from './values/write-values.ts';

interface Ended {
  from: string | undefined;
  to: string | undefined;
  outcome: Outcome;
  ok: boolean;
  message: string;
  error?: string;
}

export function sayBeginning({ options, reporter, words }: Run, { kind, from, to, record }: Work): void {
  const { app, cluster } = options;
  reporter.begin(
    `${words.begins(kind, { app, from, to }, record !== undefined)} (context ${cluster.context})`,
  );
}

/** @param serving the versions that serve, where they have been read already */
export async function sayEnd(
  run: Run,
  asEnded: Ended,
  serving: Promise<LiveVersion[] | undefined> = run.whoServes(),
): Promise<SwitchResult> {
  const { options, clock, reporter, steps, startedMs } = run;
  const found = await serving;
  const { values, problem } = isAtRest(asEnded) ? await tryToWriteEndState(run) : {};
  const { from, to, outcome, ok, message, error } =
    problem === undefined ? asEnded : withoutFile(run, asEnded, { problem, found });
  reporter.end(message);
  return {
    app: options.app,
    from,
    to,
    outcome,
    ok,
    steps,
    proxies: Math.max(0, ...steps.map((step) => step.proxies)),
    requests: requestsSeen(steps),
    live: found && describeLive(found),
    durationMs: Math.round(clock.now() - startedMs),
    message,
    error,
    ...(values === undefined ? {} : { values }),
  };
}

/** Whether one version serves alone and no switch is under way. */
const isAtRest = ({ outcome }: Ended) => ['switched', 'undone', 'already-there'].includes(outcome);

/** Warns that the cluster file differs from the cluster: applying it would undo the switch. */
function withoutFile(
  { options }: Run,
  ended: Ended,
  { problem, found = [] }: { problem: string; found: LiveVersion[] | undefined },
): Ended {
  const command = plainSwitchCommand(options, describeLive(found));
  const message = `${describeServing(found)}, but the values were not written: ${problem}. Once that is fixed: ${command}`;
  return { ...ended, ok: false, message, error: ended.error ?? problem };
}

/** The result of a run that was refused before its first write. */
export function sayRefused(
  run: Run,
  { from, to }: Pick<SwitchResult, 'from' | 'to'>,
  message: string,
): Promise<SwitchResult> {
  return sayEnd(run, { from, to, outcome: 'stopped', ok: false, message, error: message });
}

export async function saySwitched(
  context: SwitchContext,
  plan: readonly { name: string; waits?: boolean }[],
): Promise<SwitchResult> {
  const { options, from, to, clock, startedMs, steps, keepsOld, words } = context;
  const next = words.next(context, options, keepsOld);
  const took = formatDuration(clock.now() - startedMs);
  const waiting = plan.flatMap(({ name, waits }) => (waits ? [name] : []));
  const lost = options.keepOld && !keepsOld ? `; ${from} was deleted before, so it is not kept` : '';
  const message = `${words.done(context)} after ${took}${accountOf(steps, waiting)}${lost}. ${next}`;
  return sayEnd(context, { from, to, outcome: 'switched', ok: true, message });
}

/** The result of a roll back. @param failure its cause; undefined: `--undo` */
export async function sayUndone(context: SwitchContext, failure?: unknown): Promise<SwitchResult> {
  const { options, from, to, words } = context;
  const message = words.undone(context, failure !== undefined, switchCommand(options, to));
  if (failure === undefined) return sayEnd(context, { from, to, outcome: 'undone', ok: true, message });
  return sayEnd(context, { from, to, outcome: 'undone', ok: false, message, error: messageOf(failure) });
}

export async function sayPlanned(context: SwitchContext, undo: boolean): Promise<SwitchResult> {
  const { options, from, to } = context;
  const command = undo ? undoCommand(options, to) : switchCommand(options, to);
  const message = `Nothing was changed. To do it: ${command}`;
  return sayEnd(context, { from, to, outcome: 'planned', ok: true, message });
}

/** The result of a stopped run, which the next one continues. `more` comes before the state. */
export async function sayStopped(
  context: SwitchContext,
  failure: unknown,
  more?: string,
): Promise<SwitchResult> {
  const { from, to, lastSeen } = context;
  const live = await context.whoServes();
  const serving =
    live === undefined
      ? `Who serves cannot be read now; when last seen it was ${describeLive(lastSeen.live())}`
      : describeServing(live);
  const next = await nextStep(context);
  const reason = more === undefined ? '' : `${more}. `;
  const message = `${reason}${serving}. ${next}`;
  const ended: Ended = { from, to, outcome: 'stopped', ok: false, message, error: messageOf(failure) };
  return sayEnd(context, ended, Promise.resolve(live));
}

/** The next command, from the state that was reached, as far as it can be read. */
async function nextStep(context: SwitchContext): Promise<string> {
  const { options, cluster, app, from, to } = context;
  const [versions, lease] = await Promise.all([
    listVersions(cluster, context).catch((): undefined => undefined),
    readLease(cluster, app).then(
      (found) => ({ isBegun: isUnfinished(readRecord(found)) }),
      (): undefined => undefined,
    ),
  ]);
  const isUntouched = !options.adopt && versions !== undefined && findVersion(versions, to) === undefined;
  if (isUntouched || (lease?.isBegun === false && !options.undo))
    return `Try again: ${switchCommand(options, to)}`;
  return waysOn(options, to, versions === undefined || canServeAgain(findVersion(versions, from)));
}

/** @param waiting steps that wait by design: no proxy is named as slow for them */
function accountOf(steps: readonly StepReport[], waiting: readonly string[]): string {
  const slowest = steps
    .filter(({ name }) => !waiting.includes(name))
    .map((step) => step.slowest)
    .filter((entry) => entry !== undefined)
    .reduce<StepReport['slowest']>((late, entry) => (entry.ms > (late?.ms ?? -1) ? entry : late), undefined);
  const proxies = Math.max(0, ...steps.map((step) => step.proxies));
  if (slowest === undefined) return '';
  const requests = requestsSeen(steps);
  const seen = requests === undefined ? '' : `, requests seen: ${requests.toLocaleString('en-US')}`;
  return ` (${proxies} proxies proven, slowest ${slowest.proxy} ${formatDuration(slowest.ms)}${seen})`;
}
