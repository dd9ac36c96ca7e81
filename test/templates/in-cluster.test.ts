import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Deployment, KubernetesObject } from '../../scripts/shared/kubernetes.ts';
import { mistakesOf } from './kubernetes-schema.ts';
import { violationsOfRestricted } from './pod-security.ts';

/**
 * What of the scripts runs in a cluster: Jobs, and what they need
 * there. A workflow of another system is no object.
 */
const objects = ['scripts/switch/in-cluster', 'scripts/load/in-cluster'].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => ({
      file: `${folder}/${file}`,
      object: parse(readFileSync(`${folder}/${file}`, 'utf8')) as KubernetesObject,
    }))
    .filter(({ object }) => 'apiVersion' in object),
);
const jobs = objects
  .filter(({ object }) => object.kind === 'Job')
  .map(({ file, object }) => ({ file, spec: (object as unknown as Deployment).spec.template.spec }));

describe('what runs in a cluster', () => {
  it('is all here', () => {
    expect(jobs).toHaveLength(2);
    expect(objects).toHaveLength(10);
  });

  it.each(objects)('is valid: $file', ({ object }) => {
    expect(mistakesOf(object)).toEqual([]);
  });

  it.each(jobs)('meets the profile "restricted", and can write nowhere: $file', ({ spec }) => {
    expect(violationsOfRestricted(spec)).toEqual([]);
    for (const container of spec.containers)
      expect(container['securityContext']).toMatchObject({ readOnlyRootFilesystem: true });
  });

  it.each(jobs)('runs an image that npm run image builds: $file', ({ spec }) => {
    expect(spec.containers.map(({ image }) => image)).toEqual(['coffee-shop-tools:1.0.0']);
  });
});
