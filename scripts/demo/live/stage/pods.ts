import { resources } from '../../../shared/resources.ts';
import type { PodLane } from '../../observe/observation.ts';
import { shortName } from '../../report/facts.ts';
import type { StageContext } from './context.ts';
import type { StagePanel } from './panel.ts';

/** Ends a single pod, as an operator or as an accident does. */
export function createPodPanel(
  { cluster, log }: StageContext,
  lanes: () => PodLane[],
  layoutIsChanging: () => boolean,
): () => StagePanel {
  const end = async (name: string, how: { gracePeriodSeconds?: number }, text: string): Promise<void> => {
    const lane = lanes().find((one) => one.name === name);
    await cluster.delete(resources.pods, name, how);
    log.note(`Pod ${lane ? shortName(lane) : name}: ${text}`, 'act');
  };
  return () => {
    const alive = lanes().filter(({ changes }) => changes.at(-1)?.state !== 'gone');
    const none =
      alive.length === 0 ? 'there is no pod' : layoutIsChanging() ? 'the stage is being set' : undefined;
    return {
      id: 'pods',
      title: 'The pods',
      fields: [
        {
          ...{ id: 'pod', label: 'Which', value: alive[0]?.name ?? '' },
          choices: alive.map((lane) => ({
            value: lane.name,
            label: `${shortName(lane)}, ${lane.changes.at(-1)?.state ?? 'unknown'}`,
          })),
        },
      ],
      actions: [
        {
          ...{ id: 'end-pod', label: 'Delete it', does: 'as kubectl delete pod: SIGTERM, and time to end' },
          cannot: none,
          run: ({ pod = '' }) => end(pod, {}, 'told to end (SIGTERM)'),
        },
        {
          ...{ id: 'kill-pod', label: 'Kill it', tone: 'harm', does: 'SIGKILL at once, as an accident' },
          cannot: none,
          run: ({ pod = '' }) => end(pod, { gracePeriodSeconds: 0 }, 'killed (SIGKILL)'),
        },
      ],
    };
  };
}
