import { formatDuration } from '../../../shared/duration.ts';
import type { Lateness, PodLane } from '../../observe/observation.ts';
import { shortName } from '../../report/facts.ts';
import type { StageContext } from './context.ts';
import type { StageAction, StagePanel } from './panel.ts';

interface Spell {
  proxy: string;
  label: string;
  fromMs: number;
  /** Undefined while it lasts. */
  endedMs?: number;
}

export interface StageLateness {
  panel(): StagePanel;
  /** Polls the proxies: one may be frozen from a terminal, and a freeze ends by itself. */
  look(): void;
  /** The proxies that are frozen now. */
  late: () => string[];
  spells(): Lateness[];
  thawAll(): Promise<void>;
}

const lateBy = { min: 1, max: 60, usual: 12 };
const keptSpells = 100;

/** Makes proxies late, and records when each was frozen. */
export function createLateness(
  context: StageContext,
  { pods, isStageBeingSet }: { pods: () => PodLane[]; isStageBeingSet: () => boolean },
): StageLateness {
  const { playground, mesh, now, log } = context;
  const spells: Spell[] = [];
  /** Known to this page only: without a mesh the kube-proxy's freeze cannot be read anywhere. */
  let kubeProxy: { untilMs: number } | undefined;

  const names = (): { proxy: string; label: string; frozen: boolean }[] =>
    mesh
      ? playground.proxies().map(({ pod, type, frozen }) => {
          const lane = pods().find(({ name }) => name === pod);
          const proxy = type === 'router' ? 'gateway' : pod;
          return { proxy, label: lane ? `sidecar of ${shortName(lane)}` : proxy, frozen };
        })
      : [{ proxy: 'kube-proxy', label: 'kube-proxy', frozen: kubeProxy !== undefined }];
  const labelOf = (proxy: string): string => names().find((one) => one.proxy === proxy)?.label ?? proxy;

  const look = (): void => {
    if (kubeProxy && now() >= kubeProxy.untilMs) kubeProxy = undefined;
    const known = names();
    for (const spell of spells) {
      const proxy = known.find((one) => one.proxy === spell.proxy);
      if (spell.endedMs !== undefined || proxy?.frozen) continue;
      spell.endedMs = now();
      log.note(`${spell.label}: ${proxy ? 'hears of changes again' : 'is gone'}`);
    }
    for (const { proxy, label, frozen } of known) {
      if (!frozen || spells.some((one) => one.proxy === proxy && one.endedMs === undefined)) continue;
      spells.push({ proxy, label, fromMs: now() });
      if (spells.length > keptSpells) spells.shift();
    }
  };
  const freeze = async (proxy: string, seconds?: number): Promise<void> => {
    const forMs = seconds === undefined ? undefined : seconds * 1000;
    const label = labelOf(proxy);
    await playground.freeze(proxy, forMs === undefined ? {} : { forMs });
    if (!mesh) kubeProxy = { untilMs: now() + (forMs ?? Infinity) };
    const howLong = forMs === undefined ? 'until thawed' : `for ${formatDuration(forMs)}`;
    log.note(`${label}: hears of no change ${howLong}`, 'act');
    look();
  };
  const thaw = async (proxy: string): Promise<void> => {
    await playground.thaw(proxy);
    kubeProxy = undefined;
    look();
  };
  const isFrozen = (): boolean => names().some(({ frozen }) => frozen);
  const button = (action: Omit<StageAction, 'cannot'>, cannot?: string): StageAction => ({
    ...action,
    cannot: isStageBeingSet() ? 'the stage is being set' : cannot,
  });

  return {
    look,
    late: () => spells.flatMap(({ label, endedMs }) => (endedMs === undefined ? [label] : [])),
    spells: () =>
      spells.map(({ label, fromMs, endedMs = now() }) => ({
        proxy: label,
        fromMs: Math.round(fromMs),
        untilMs: Math.round(endedMs),
      })),
    async thawAll() {
      for (const { proxy, frozen } of names()) if (frozen) await thaw(proxy);
    },
    panel() {
      const known = names();
      return {
        id: 'proxies',
        title: 'The proxies',
        fields: [
          {
            ...{ id: 'proxy', label: 'Which', value: known[0]?.proxy ?? '' },
            choices: known.map(({ proxy, label, frozen }) => ({
              value: proxy,
              label: frozen ? `${label} (hears nothing)` : label,
            })),
          },
          {
            ...{ id: 'seconds', label: 'Late by', unit: 'seconds', value: String(lateBy.usual) },
            ...{ min: lateBy.min, max: lateBy.max, step: 1 },
          },
        ],
        actions: [
          button({
            ...{ id: 'delay-proxy', label: 'Make it late', does: 'it hears of changes only after that time' },
            run: ({ proxy = '', seconds }) => freeze(proxy, Number(seconds)),
          }),
          button({
            ...{ id: 'freeze-proxy', label: 'Freeze it', does: 'it hears of no change until it is thawed' },
            run: ({ proxy = '' }) => freeze(proxy),
          }),
          button(
            {
              ...{ id: 'thaw-proxy', label: 'Thaw it', does: 'it catches up at once' },
              run: ({ proxy = '' }) => thaw(proxy),
            },
            isFrozen() ? undefined : 'every proxy hears of changes',
          ),
        ],
      };
    },
  };
}
