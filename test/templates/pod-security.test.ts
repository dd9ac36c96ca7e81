import { describe, expect, it } from '@jest/globals';
import type { Deployment, PodSpec } from '../../scripts/shared/kubernetes.ts';
import { violationsOfRestricted } from './pod-security.ts';
import { everyVariant } from './variants.ts';

const pods = (await everyVariant()).flatMap(({ title, objects }) =>
  objects
    .filter(({ kind }) => kind === 'Deployment')
    .map((object) => ({ title, spec: (object as Deployment).spec.template.spec })),
);

describe('the Pod Security profile "restricted"', () => {
  it.each(pods)('admits $title', ({ spec }) => {
    expect(violationsOfRestricted(spec)).toEqual([]);
  });

  it('refuses a pod that says nothing', () => {
    expect(violationsOfRestricted({ containers: [{ name: 'app' }] })).toEqual([
      'app: allowPrivilegeEscalation must be false',
      'app: runAsNonRoot must be true',
      'app: capabilities.drop must include ALL',
      'app: seccompProfile.type must be RuntimeDefault or Localhost',
    ]);
  });

  const container = (spec: PodSpec): Record<string, unknown> => spec.containers[0] as Record<string, unknown>;
  const secure = (more: object) => (spec: PodSpec) =>
    Object.assign(container(spec)['securityContext'] as object, more);

  it.each<[string, (spec: PodSpec) => unknown]>([
    ['hostNetwork must not be true', (spec) => Object.assign(spec, { hostNetwork: true })],
    [
      'volume host must not be hostPath',
      (spec) => Object.assign(spec, { volumes: [{ name: 'host', hostPath: {} }] }),
    ],
    ['privileged must not be true', secure({ privileged: true })],
    ['allowPrivilegeEscalation must be false', secure({ allowPrivilegeEscalation: true })],
    ['runAsNonRoot must be true', secure({ runAsNonRoot: false })],
    ['runAsUser must not be 0', secure({ runAsUser: 0 })],
    ['capabilities.drop must include ALL', secure({ capabilities: { drop: ['KILL'] } })],
    ['capabilities.add may be', secure({ capabilities: { drop: ['ALL'], add: ['SYS_PTRACE'] } })],
    ['seccompProfile.type must not be Unconfined', secure({ seccompProfile: { type: 'Unconfined' } })],
    ['procMount must be Default', secure({ procMount: 'Unmasked' })],
    [
      'hostPort must not be set',
      (spec) => Object.assign(container(spec), { ports: [{ containerPort: 1, hostPort: 1 }] }),
    ],
    [
      'must not name a host',
      (spec) => Object.assign(container(spec), { livenessProbe: { httpGet: { host: 'x', port: 1 } } }),
    ],
    [
      'lifecycle: allowPrivilegeEscalation must be false',
      (spec) => Object.assign(spec, { initContainers: [{ name: 'lifecycle' }] }),
    ],
  ])('refuses: %s', (sentence, spoil) => {
    const spec = structuredClone(pods[0]?.spec as PodSpec);
    spoil(spec);
    expect(violationsOfRestricted(spec).join('\n')).toContain(sentence);
  });
});
