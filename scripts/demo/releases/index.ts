import type { Scenario } from '../scenarios.ts';
import { releaseByRollingUpdate } from './rolling.ts';
import { releaseByScript } from './script.ts';
import { releaseBySwitch } from './switch.ts';
import type { Release } from './release.ts';

export const releases: Record<Scenario['release'], Release> = {
  rolling: releaseByRollingUpdate,
  script: releaseByScript,
  switch: releaseBySwitch,
};
