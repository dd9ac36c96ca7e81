/** Checks that the candidate can replace the current version. */
import { includesAll } from '../../shared/kubernetes.ts';
import { refuse } from '../refuse.ts';
import type { Check } from './check.ts';

export const candidateIsSelected: Check = {
  title: "the Service selects the candidate's pods, and its labels tell them from the others",
  run({ context: { app, from, to, lastSeen }, state, candidate }) {
    const labels = candidate.spec.template.metadata?.labels ?? {};
    for (const [what, selector] of [
      [`the Service ${app}`, state.service.spec.selector ?? {}],
      [`the ${lastSeen.nameOf(to)}`, lastSeen.labelsLike(to, from)],
    ] as const) {
      if (includesAll(labels, selector)) continue;
      refuse(
        `${what} selects ${show(selector)}, but the pods of ${candidate.metadata.name} are labelled ${show(labels)}`,
      );
    }
    return [];
  },
};

/** The template set must not create the version's Service: the switch creates it together with a barrier. */
export const versionsAreLeftToTheSwitch: Check = {
  title: 'the template set makes nothing that tells proxies of a version',
  run({ context: { to, lastSeen }, others }) {
    const name = lastSeen.nameOf(to);
    if (others.some(({ kind = '', metadata }) => `${kind} ${metadata.name}` === name))
      refuse(
        `the resource set "version" makes ${name}, which the switch makes itself. Move it to another set`,
      );
    return [];
  },
};

export const currentIsKnown: Check = {
  title: "the current version's Deployment is known",
  run({ context: { app, from, to, continued, lastSeen }, current }) {
    if (current === undefined && !continued)
      refuse(
        `no Deployment that the Service ${app} selects is labelled ${show(lastSeen.labelsOf(from))}: how many pods ${to} needs is unknown, and the rest of ${from} could not be deleted`,
      );
    return [];
  },
};

function show(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
