/**
 * The commands of scripts/switch/docs/gitops.md for Flux and Argo CD, as they stand there, in a
 * team's repository. Their controllers are played: a loop that applies what the remote holds while
 * their object says so.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundleCommand } from '../../../scripts/render/bundle.ts';
import { parseObjects } from '../../../scripts/render/index.ts';
import { bundle } from '../../../scripts/shared/bundle.ts';
import { connectCluster } from '../../../scripts/shared/cluster/cluster.ts';
import type { KubernetesObject } from '../../../scripts/shared/kubernetes.ts';
import { pause, waitFor } from '../../../scripts/shared/wait.ts';
import { readStatus } from '../../../scripts/switch/command/status.ts';
import { commandBlocks } from '../../docs/blocks.ts';
import { quickDelays, root, startServingShop, type CoffeeCluster } from '../../support/cluster.ts';
import { endAfterAll } from '../../support/end-after-all.ts';
import { APPLICATION, KUSTOMIZATION, defineOwners, owners } from '../../support/gitops-owners.ts';
import { copyValuesFile, diffOf, type ValuesFile } from '../../support/values-file.ts';

const guide = 'scripts/switch/docs/gitops.md';
const blocks = commandBlocks(guide, readFileSync(path.join(root, guide), 'utf8'))
  .filter(({ words }) => words.includes('gitops'))
  .map(({ commands }) => commands.map(({ text }) => text));

/** An owner's own object, by which it is paused and resumed. */
interface Played {
  object: KubernetesObject;
  active: object;
  paused: object;
  /** The commands that do so. */
  pauses: string;
  resumes: string;
}

const played: Record<'Flux' | 'Argo CD', Played> = {
  Flux: {
    object: { ...KUSTOMIZATION, metadata: { name: 'coffee', namespace: 'flux-system' } },
    active: { suspend: false },
    paused: { suspend: true },
    pauses: 'flux suspend kustomization coffee -n flux-system',
    resumes: 'flux resume kustomization coffee -n flux-system',
  },
  'Argo CD': {
    object: { ...APPLICATION, metadata: { name: 'coffee', namespace: 'argocd' } },
    active: { syncPolicy: { automated: { selfHeal: true } } },
    paused: { syncPolicy: {} },
    pauses: 'argocd app set coffee --sync-policy none',
    resumes: 'argocd app set coffee --sync-policy automated --self-heal',
  },
};

let folder: string;
let programs: Record<string, string>;
const atEnd = endAfterAll();
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gitops-guide-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const render = await bundleCommand();
  atEnd(() => render.remove());
  programs = { render: render.program, switch: path.join(folder, 'switch.mjs') };
  await bundle(path.join(root, 'scripts/switch/main.ts'), path.join(folder, 'switch.mjs'));
}, 60_000);

class Team {
  readonly coffee: CoffeeCluster;
  readonly values: ValuesFile;
  /** The working copy, and the remote that the owner reads. */
  readonly home: string;
  readonly remote: string;
  readonly name: keyof typeof played;
  private isActive = true;

  constructor(name: keyof typeof played, coffee: CoffeeCluster, values: ValuesFile) {
    this.name = name;
    this.coffee = coffee;
    this.values = values;
    this.home = path.dirname(path.dirname(values.file));
    this.remote = `${this.home}.git`;
  }

  git(...args: string[]): string {
    const who = ['-c', 'user.name=a', '-c', 'user.email=a@example', '-c', 'init.defaultBranch=main'];
    return execFileSync('git', [...who, ...args], { cwd: this.home, encoding: 'utf8', stdio: 'pipe' });
  }

  /** A command of the guide. Rejects where it fails. */
  async run(command: string): Promise<void> {
    const own = played[this.name];
    const [, script, rest = ''] = /^npm run (switch|render) -- (.*)$/.exec(command) ?? [];
    if (command === own.pauses || command === own.resumes) await this.set(command === own.resumes);
    else if (command.startsWith('git ')) this.git(...words(command).slice(1));
    else if (script !== undefined) await this.node(programs[script] ?? '', words(rest));
    else throw new Error(`Nobody plays: ${command}`);
  }

  /** As its command line does. */
  async set(isActive: boolean): Promise<void> {
    const { object, active, paused } = played[this.name];
    await this.coffee.cluster.apply({ ...object, spec: isActive ? active : paused }, { force: true });
    this.isActive = isActive;
  }

  private node(program: string, args: string[]): Promise<void> {
    const { kubeconfig } = this.coffee.playground;
    const env = { PATH: path.dirname(process.execPath), HOME: folder, KUBECONFIG: kubeconfig };
    return new Promise((resolve, reject) =>
      execFile(process.execPath, [program, ...args], { cwd: this.home, env }, (error, stdout, stderr) => {
        if (error === null) resolve();
        else reject(new Error(`${args.join(' ')}: ${stdout}${stderr}`));
      }),
    );
  }

  /** What the owner finds in Git. */
  private files(): KubernetesObject[] {
    const show = (what: string) => this.git('--git-dir', this.remote, 'show', `main:${what}`);
    const names = show('deploy')
      .split('\n')
      .filter((name) => name.endsWith('.yaml'));
    return parseObjects(names.map((file) => ({ set: '', file, text: show(`deploy/${file}`) })));
  }

  /** Applies them as often as it may, while `work` goes on and for three rounds after it. */
  async withOwner(work: () => Promise<void>): Promise<void> {
    const { manager, mark } = owners[this.name];
    const { kubeconfig } = this.coffee.playground;
    const own = await connectCluster({ kubeconfigs: [kubeconfig] }, { fieldManager: manager });
    let rounds = 0;
    const over = new AbortController();
    const loop = (async () => {
      while (!over.signal.aborted) {
        if (this.isActive) {
          for (const object of this.files()) await own.apply(mark(object), { force: true });
          rounds += 1;
        }
        await pause(200);
      }
    })();
    const more = (wanted: number) =>
      waitFor(() => rounds >= wanted, { deadlineMs: 30_000, what: `${wanted} rounds of ${this.name}` });
    try {
      await more(1);
      await work();
      await more(rounds + 3);
    } finally {
      over.abort();
      await loop.finally(() => own.close());
    }
  }
}

/** As a shell takes them apart. */
const words = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

async function startTeam(name: keyof typeof played): Promise<Team> {
  const values = copyValuesFile(path.join(folder, name.replace(' ', '-'), 'istio'));
  const coffee = await startServingShop({}, { clusterFile: values.file, delays: quickDelays });
  atEnd(() => coffee.close());
  const team = new Team(name, coffee, values);
  team.git('init', '--quiet');
  team.git('init', '--quiet', '--bare', team.remote);
  for (const [key, value] of [['user.name', 'a'], ['user.email', 'a@example']]) team.git('config', key ?? '', value ?? ''); // prettier-ignore
  await team.run('npm run render -- template istio/cluster.yaml -i version -i subsets -i route -o deploy');
  team.git('add', '.');
  team.git('commit', '--quiet', '--message', 'Serve v1');
  team.git('remote', 'add', 'origin', team.remote);
  team.git('push', '--quiet', '--set-upstream', 'origin', 'HEAD:main');
  team.git('config', 'push.default', 'upstream');
  await defineOwners(coffee.cluster);
  for (const namespace of ['flux-system', 'argocd'])
    await coffee.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await team.set(true);
  return team;
}

it('has a block of commands for each owner', () => {
  expect(blocks.map(([first]) => first)).toEqual(Object.values(played).map(({ pauses }) => pauses));
});

describe.each(Object.keys(played) as (keyof typeof played)[])('the guide for %s', (name) => {
  const commands = blocks[Object.keys(played).indexOf(name)] ?? [];
  let team: Team;
  beforeAll(async () => {
    team = await startTeam(name);
  }, 60_000);

  it('ends with Git and the cluster in agreement, nothing lost, and an owner that changes nothing', async () => {
    const { coffee, values } = team;
    const account = await coffee.underLoad(() =>
      team.withOwner(async () => {
        // Not before it is paused.
        await expect(team.run('npm run switch -- --to v9')).rejects.toThrow('Pause it first');
        for (const command of commands) await team.run(command);
      }),
    );
    expect(account).toMatchObject({ lost: 0, byReason: {} });
    const version = /--to (\w+)/.exec(commands.join('\n'))?.[1] ?? '';
    expect((await readStatus(coffee.cluster, 'coffee-shop')).live).toEqual([{ version, weight: 100 }]);
    // The owner's marks are no part of the files' values.
    const { kubeconfig } = coffee.playground;
    expect(await diffOf(values, { cluster: coffee.cluster, kubeconfig, folder })).toBe('');
  }, 180_000);

  it('loses requests where its commit is left out: the negative control', async () => {
    const uncommitted = commands
      .filter((command) => !/^git |^npm run render|status/.test(command))
      .map((command) => command.replace(/--to \w+ .*/, '--to v8'));
    const account = await team.coffee.underLoad(() =>
      team.withOwner(async () => {
        for (const command of uncommitted) await team.run(command);
      }),
    );
    expect(account.lost).toBeGreaterThan(0);
  }, 120_000);
});
