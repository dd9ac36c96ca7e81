import type { Behaviour, Chapter } from '../behaviour.ts';
import { api, deletions } from './api.ts';
import { deployments, replicaSets } from './deployments.ts';
import { restarts, terminations } from './endings.ts';
import { jobs } from './jobs.ts';
import { mesh } from './mesh.ts';
import { pods, probes, sidecars } from './pods.ts';
import { budgets, endpoints, routing } from './services.ts';
import { configuration, logs } from './surroundings.ts';

export const chapters: Chapter[] = [
  pods,
  probes,
  terminations,
  sidecars,
  restarts,
  configuration,
  logs,
  deployments,
  replicaSets,
  jobs,
  endpoints,
  routing,
  budgets,
  mesh,
  api,
  deletions,
];

export const allBehaviours: Behaviour[] = chapters.flatMap(({ behaviours }) => behaviours);
