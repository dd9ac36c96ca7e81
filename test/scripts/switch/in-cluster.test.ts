import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse, parseDocument } from 'yaml';
import { bundleTools } from '../../../scripts/image/bundle-tools.ts';
import { loadKubeConfig } from '../../../scripts/shared/cluster/config.ts';
import { httpRouteRights, neededRights } from '../../../scripts/switch/preflight/access.ts';
import { parseSwitchArgs } from '../../../scripts/switch/command/command-line.ts';

const folder = path.resolve(import.meta.dirname, '../../../scripts/switch/in-cluster');
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
interface Rules {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}
const granted = (file: string) =>
  (parse(read(file)) as Rules).rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    )
    .sort();
const needed = (everywhere: boolean, rights = neededRights) =>
  rights
    .filter((right) => (right.everywhere ?? false) === everywhere)
    .flatMap(({ group = '', resource, subresource, verbs }) =>
      verbs.map((verb) => `${verb} ${group}/${resource}${subresource ? `/${subresource}` : ''}`),
    )
    .sort();

interface Job {
  spec: {
    template: {
      spec: {
        containers: [{ command: string[]; args: string[]; volumeMounts: { mountPath: string }[] }];
        volumes: { configMap: { name: string } }[];
      };
    };
  };
}
const jobPod = (parse(read('job.yaml')) as Job).spec.template.spec;
const [{ command: jobCommand, args: jobArgs }] = jobPod.containers;

describe('the files for a switch from a pipeline or a Job', () => {
  it('the in-cluster files are well-formed YAML', () => {
    for (const file of readdirSync(folder)) expect(parseDocument(read(file)).errors).toEqual([]);
  });

  it('the roles grant exactly the rights preflight asks for', () => {
    expect(granted('role.yaml')).toEqual(needed(false));
    expect(granted('cluster-role.yaml')).toEqual(needed(true));
    expect(granted('role-http-route.yaml')).toEqual(needed(false, httpRouteRights));
    expect(granted('cluster-role-http-route.yaml')).toEqual(needed(true, httpRouteRights));
  });

  it('Job and workflow call the switch with flags that it has', () => {
    const calls = [...read('github-actions.yaml').matchAll(/npm run switch -- (.*)$/gm)].map(
      ([, args = '']) => args,
    );
    expect(calls).toHaveLength(4);
    expect(() => parseSwitchArgs(jobArgs, { defaultTemplates: 'istio/cluster.yaml' })).not.toThrow();
    for (const call of calls) {
      const args = call
        .replace(/ >.*/, '')
        .replace('"$VERSION"', 'v2')
        .replace('"$IMAGE"', 'coffee-shop:2.0.0')
        .replace('"$RUNNER_TEMP/kubeconfig"', 'kubeconfig')
        .split(' ');
      expect(() => parseSwitchArgs(args, { defaultTemplates: 'istio/cluster.yaml' })).not.toThrow();
    }
  });

  it('the Job runs a program that the image has, with a kubeconfig that is mounted', () => {
    const inImage = bundleTools(path.resolve(folder, '../../..')).files.map((file) => file.path);
    expect(inImage).toContain(`app/${jobCommand[1]}`);
    const config = parse(read('config-map.yaml')) as { metadata: { name: string }; data: object };
    expect(jobPod.volumes.map(({ configMap }) => configMap.name)).toEqual([config.metadata.name]);
    const mounted = jobPod.containers[0].volumeMounts.flatMap(({ mountPath }) =>
      Object.keys(config.data).map((file) => `--kubeconfig=${mountPath}/${file}`),
    );
    expect(jobArgs).toEqual(expect.arrayContaining(mounted));
  });

  it('the kubeconfig names the token by its file, as kubectl would take it too', () => {
    const folderOf = mkdtempSync(path.join(tmpdir(), 'in-cluster-'));
    try {
      const { data } = parse(read('config-map.yaml')) as { data: Record<string, string> };
      const file = path.join(folderOf, 'kubeconfig');
      const mount = '/var/run/secrets/kubernetes.io/serviceaccount';
      writeFileSync(file, (data['kubeconfig'] ?? '').replaceAll(mount, folderOf));
      writeFileSync(path.join(folderOf, 'ca.crt'), '');
      expect(loadKubeConfig({ kubeconfigs: [file] })).toMatchObject({
        server: 'https://kubernetes.default.svc',
        user: { tokenFile: path.join(folderOf, 'token') },
      });
    } finally {
      rmSync(folderOf, { recursive: true, force: true });
    }
  });

  it('the workflow has steps that each do one thing, and jobs that exist', () => {
    const workflow = parse(read('github-actions.yaml')) as {
      on: object;
      jobs: Record<string, { 'runs-on': string; needs?: string; steps: { uses?: string; run?: string }[] }>;
    };
    expect(Object.keys(workflow.on)).toEqual(['workflow_dispatch']);
    for (const job of Object.values(workflow.jobs)) {
      expect(job['runs-on']).toBe('ubuntu-latest');
      if (job.needs !== undefined) expect(Object.keys(workflow.jobs)).toContain(job.needs);
      for (const { uses, run } of job.steps) expect([uses, run].filter(Boolean)).toHaveLength(1);
    }
  });
});
