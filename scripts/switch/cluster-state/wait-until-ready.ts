/** Waits until a version's Deployment is ready. At the deadline it says why it is not. */
import { formatDuration } from '../../shared/duration.ts';
import { CommandError } from '../../shared/errors.ts';
import { isReady } from '../../shared/kubernetes.ts';
import type { Deployment, Pod } from '../../shared/kubernetes.ts';
import { DeadlineError, waitFor } from '../../shared/wait.ts';
import type { SwitchContext } from '../context.ts';
import { explainUnready, isFinal, rolloutOf } from '../../shared/deployment-ready.ts';
import { NoAnswerError, smokeTest, smokeTestOf } from './smoke-test.ts';
import { findVersion, listVersionPods, listVersions } from './versions.ts';

/** Time for which ready pods may give no answer, in milliseconds: a broken port-forward is soon replaced. */
const UNHEARD_MS = 10_000;

/**
 * Time for which a final refusal must last, in milliseconds: it may be outdated, as the controller retries.
 */
const REFUSED_MS = 5000;

interface Seen {
  summary: string;
  /** Since when ready pods have not answered. */
  unheardSince?: number;
  /** Why waiting cannot make the Deployment ready. */
  failed?: string | undefined;
  /** Why pods are not created, and since when waiting cannot change it. */
  refused?: string | undefined;
  refusedSince?: number | undefined;
}

/** @param smoke whether the smoke test is part of it */
export async function waitUntilReady(
  context: SwitchContext,
  version: string,
  { smoke }: { smoke: boolean },
): Promise<string> {
  const { cluster, reporter, signal, clock, stepTimeoutMs } = context;
  const started = clock.now();
  const seen: Seen = { summary: 'no pod yet' };
  const look = async () => {
    const deployment = findVersion(await listVersions(cluster, context), version);
    const pods = await listVersionPods(cluster, context, version);
    if (deployment === undefined) {
      seen.summary = 'no Deployment';
      return undefined;
    }
    const rollout = rolloutOf(deployment, pods);
    seen.summary = rollout.summary;
    reporter.progress(seen.summary);
    tellRefusal(context, seen, rollout.refused);
    seen.failed = rollout.failed;
    if (rollout.failed !== undefined) throw new DeadlineError(rollout.failed);
    return rollout.done && (!smoke || (await allAnswer(deployment, pods))) ? seen.summary : undefined;
  };
  const allAnswer = async (deployment: Deployment, pods: Pod[]): Promise<boolean> => {
    try {
      await smokeTestAll(context, version, deployment, pods.filter(isReady));
      return true;
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      seen.unheardSince ??= clock.now();
      if (clock.now() - seen.unheardSince > UNHEARD_MS) throw error;
      reporter.progress(error.message);
      return false;
    }
  };
  try {
    const what = `${version} to be ready`;
    return await waitFor(look, { deadlineMs: stepTimeoutMs, what, intervalMs: 150, signal, clock });
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    const reason =
      seen.refused ??
      (await explainUnready(cluster, await listVersionPods(cluster, context, version), seen.failed));
    const after = formatDuration(clock.now() - started);
    throw new CommandError(`${seen.summary} after ${after} (${reason})`, { cause: error });
  }
}

/** Notes a refusal at once: a roll back deletes the Deployment and its message. */
function tellRefusal(
  { reporter, clock }: Pick<SwitchContext, 'reporter' | 'clock'>,
  seen: Seen,
  refused: string | undefined,
): void {
  if (refused !== undefined && refused !== seen.refused) reporter.note(`A pod is not created: ${refused}`);
  seen.refused = refused;
  const isHopeless = refused !== undefined && isFinal(refused);
  seen.refusedSince = isHopeless ? (seen.refusedSince ?? clock.now()) : undefined;
  if (isHopeless && clock.now() - (seen.refusedSince ?? 0) >= REFUSED_MS) throw new DeadlineError(refused);
}

async function smokeTestAll(
  { cluster, service, record }: SwitchContext,
  version: string,
  deployment: Deployment,
  pods: Pod[],
): Promise<void> {
  const test = smokeTestOf(service, deployment);
  // The copy of an adopted Deployment answers with its original's version.
  const expected = record.adopts ? undefined : version;
  if (test) await Promise.all(pods.map((pod) => smokeTest(cluster, pod, test, expected)));
}
