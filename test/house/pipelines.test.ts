import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

const root = path.resolve(import.meta.dirname, '../..');
const filesUnder = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** What runs on a machine that has credentials, or makes what will run beside them. */
const all = ['.ci', '.github', 'scripts', 'services', 'k8s', 'istio']
  .filter((folder) => existsSync(path.join(root, folder)))
  .flatMap(filesUnder);
const workflows = all.filter((file) => /\.ya?ml$/.test(file) && /^\s+- uses:|^jobs:$/m.test(read(file)));
const pipelines = [
  ...workflows,
  ...all.filter((file) => file.startsWith('.ci/') || /(^|\/)(Containerfile|Dockerfile)$/.test(file)),
];
/** Its lines without comments. */
const linesOf = (file: string): string[] =>
  read(file)
    .split('\n')
    .filter((line) => !/^\s*#/.test(line));

interface Workflow {
  permissions?: unknown;
  jobs: Record<string, { permissions?: unknown; environment?: string; steps: Step[] }>;
}
interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

describe('the pipelines and image files', () => {
  it('are found', () => {
    expect(workflows.filter((file) => /\/(github-actions|release)\.yaml$/.test(file))).toHaveLength(1);
    expect(workflows.filter((file) => /\/ci\.yaml$/.test(file))).toHaveLength(1);
    expect(pipelines.length).toBeGreaterThanOrEqual(4);
  });

  it('run nothing that they have just downloaded without a sum', () => {
    for (const file of pipelines) {
      const text = linesOf(file).join('\n');
      expect(text).not.toMatch(/\b(curl|wget)\b[^\n]*\|\s*(\S+=\S+ )*(sudo )?(ba|z)?sh\b/);
      const downloads = text.match(/\b(curl|wget)\b/g) ?? [];
      const sums = text.match(/sha256sum --check --strict/g) ?? [];
      expect([file, sums.length >= downloads.length]).toEqual([file, true]);
    }
  });

  it('let no package run a script while it is installed, and name what they install', () => {
    for (const file of pipelines)
      for (const line of linesOf(file)) {
        if (/\bnpm (ci|install)\b/.test(line) && !/\becho\b/.test(line))
          expect(line).toMatch(/--ignore-scripts/);
        if (/\bpip install\b/.test(line)) expect(line).toMatch(/\S==\d/);
      }
  });

  it('name every action by the hash of a commit, and the release it is in a comment', () => {
    for (const file of workflows)
      for (const line of linesOf(file).filter((each) => /\buses:/.test(each)))
        expect(line).toMatch(/uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('give a job no more rights in the repository than reading, and leave no token in its checkout', () => {
    for (const file of workflows) {
      const { permissions, jobs } = parse(read(file)) as Workflow;
      expect(permissions).toEqual({ contents: 'read' });
      for (const job of Object.values(jobs)) {
        expect(job.permissions).toBeUndefined();
        const checkouts = job.steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
        expect(checkouts.length).toBeGreaterThan(0);
        for (const { with: inputs } of checkouts) expect(inputs?.['persist-credentials']).toBe(false);
      }
    }
  });

  it('put no text of a caller into a shell, and no cache of another job beside production', () => {
    for (const file of workflows) {
      const { jobs } = parse(read(file)) as Workflow;
      for (const { steps, environment } of Object.values(jobs))
        for (const { run = '', with: inputs } of steps) {
          expect(run).not.toContain('${{');
          if (environment !== undefined) expect(inputs?.['cache']).toBeUndefined();
        }
    }
  });
});
