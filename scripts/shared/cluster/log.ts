/** The log of a container, line by line, from the start until it has ended. */
import { errorFromAnswer, errorWithoutAnswer } from './errors.ts';
import type { Transport } from './transport.ts';
import { linesOf } from './watch.ts';
import { CommandError } from '../errors.ts';
import { SHORT_ANSWER_LIMIT_BYTES, readText } from '../read-text.ts';

export interface LogSource {
  namespace: string;
  pod: string;
  container: string;
  signal: AbortSignal;
}

/** One attempt without retries: a log that breaks off throws, and the caller decides. */
export async function* followLog(
  transport: Transport,
  { namespace, pod, container, signal }: LogSource,
): AsyncGenerator<string> {
  const asked = `get the log of pods ${pod}`;
  const who = `The API server at ${transport.server} (${asked})`;
  try {
    const answer = await transport.send({
      method: 'GET',
      path: `/api/v1/namespaces/${namespace}/pods/${pod}/log`,
      query: { container, follow: 'true' },
      asked,
      signal,
    });
    if (answer.httpStatusCode !== 200) {
      const body = await readText(answer.body.stream(), { who, limitBytes: SHORT_ANSWER_LIMIT_BYTES });
      throw errorFromAnswer(asked, { status: answer.httpStatusCode, body });
    }
    yield* linesOf(answer.body.stream(), who);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CommandError) throw error;
    throw errorWithoutAnswer(asked, transport.server, error);
  }
}
