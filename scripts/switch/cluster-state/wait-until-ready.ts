/** Waits for a version's Deployment and says why it is not ready when time is up. */
import { formatDuration } from '../../shared/duration.ts';
import { CommandError } from '../../shared/errors.ts';
import { isReady } from '../../shared/kubernetes.ts';
import type { Deployment, Pod } from '../../shared/kubernetes.ts';
import { DeadlineError, waitFor } from '../../shared/wait.ts';
import type { SwitchContext } from '../context.ts';
import { explainUnready, isFinal, rolloutOf } from '../../shared/deployment-ready.ts';
import { NoAnswerError, smokeTest, smokeTestOf } from './smoke-test.ts';
import { findVersion, listVersionPods, listVersions } from './versions.ts';

/** How long ready pods may not answer, in milliseconds: a broken port-forward is soon replaced. */
const UNHEARD_MS = 10_000;

/** How long a final refusal may stand, in milliseconds: it may be an old one, and the controller retries. */
const REFUSED_MS = 5000;

interface Seen {
  summary: string;
  /** When ready pods did not answer first. */
  unheardSince?: number;
  /** Why the Deployment will not be ready by waiting. */
  failed?: string | undefined;
  /** Why pods are not created, and since when that will not pass by waiting. */
  refused?: string | undefined;
  refusedSince?: number | undefined;
}

/** @param smoke also one request to each pod itself */
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

/** Told at once: the words go with the Deployment when it is rolled back. */
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
  // A copy says of itself what its original says.
  const expected = record.adopts ? undefined : version;
  if (test) await Promise.all(pods.map((pod) => smokeTest(cluster, pod, test, expected)));
}
