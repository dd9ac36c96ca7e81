import { CommandError } from '../../../shared/errors.ts';
import type { Pod } from '../../../shared/kubernetes.ts';
import { resources } from '../../../shared/resources.ts';
import type { PodLane } from '../../observe/observation.ts';
import { shortName } from '../../report/facts.ts';
import type { StageContext } from './context.ts';
import type { StagePanel } from './panel.ts';

/** Ends a single pod, as an operator (delete) or as an accident (kill). */
export function createPodPanel(
  { cluster, playground, log }: StageContext,
  lanes: () => PodLane[],
  layoutIsChanging: () => boolean,
): () => StagePanel {
  const say = (name: string, text: string): void => {
    const lane = lanes().find((one) => one.name === name);
    log.note(`Pod ${lane ? shortName(lane) : name}: ${text}`, 'act');
  };
  const end = async (name: string): Promise<void> => {
    await cluster.delete(resources.pods, name);
    say(name, 'told to end (SIGTERM)');
  };
  const kill = async (name: string): Promise<void> => {
    const pod = await cluster.get<Pod>(resources.pods, name);
    const container = pod?.spec.containers[0]?.name;
    if (container === undefined) throw new CommandError('it is gone already');
    await playground.crash(name, { container });
    say(name, 'its process is killed (SIGKILL)');
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
          run: ({ pod = '' }) => end(pod),
        },
        {
          ...{
            id: 'kill-pod',
            label: 'Kill its process',
            tone: 'harm',
            does: 'SIGKILL, as an accident; it starts again',
          },
          cannot: none,
          run: ({ pod = '' }) => kill(pod),
        },
      ],
    };
  };
}
