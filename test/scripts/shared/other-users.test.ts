/** Both users start commands of this repository, scripts/playground among them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync, chownSync, chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '../../../scripts/shared/wait.ts';
import {
  doAs,
  runAs,
  shareMachine,
  startAs,
  STRANGER,
  VICTIM,
  whyNoTwoUsers,
  type SharedMachine,
} from '../../support/two-users.ts';

const why = whyNoTwoUsers();
const name = `on a machine that a hostile user shares${why === undefined ? '' : ` (${why})`}`;

(why === undefined ? describe : describe.skip)(name, () => {
  let machine: SharedMachine;
  let marker: string;
  beforeEach(() => {
    machine = shareMachine();
    marker = path.join(machine.temp, 'was-run');
  });
  afterEach(() => machine.remove());

  const ownFolder = (): string => path.join(machine.temp, `zero-downtime-coffee-shop-${VICTIM}`);
  /** A kubeconfig whose first use runs a program, and the word of a playground that names it. */
  const planted = () => {
    const kubeconfig = path.join(machine.temp, 'planted.kubeconfig');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: 'touch',
      args: [marker],
    };
    const text = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'p', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'p', user: { exec } }],
      contexts: [{ name: 'p', context: { cluster: 'p', user: 'p' } }],
      'current-context': 'p',
    });
    const word = JSON.stringify({ pid: process.pid, kubeconfig, gatewayUrl: '', serviceUrl: '' });
    return { kubeconfig, text, word };
  };
  const write = (file: string, text: string, mode = 0o644): string =>
    `fs.writeFileSync(${JSON.stringify(file)}, ${JSON.stringify(text)}); fs.chmodSync(${JSON.stringify(file)}, ${mode});`;

  it('takes no playground from a folder that another user has made in its place', async () => {
    const { kubeconfig, text, word } = planted();
    const folder = ownFolder();
    doAs(
      STRANGER,
      `const fs = require('fs'); fs.mkdirSync(${JSON.stringify(folder)}); fs.chmodSync(${JSON.stringify(folder)}, 0o777);
       ${write(kubeconfig, text)}
       ${write(path.join(folder, `playground-${process.pid}.json`), word)}
       ${write(path.join(folder, `playground-${process.pid}.kubeconfig`), text)}`,
    );
    const { code, stderr } = await runAs(VICTIM, 'switch', ['status'], machine);
    expect({ code, wasRun: existsSync(marker) }).toEqual({ code: 2, wasRun: false });
    expect(stderr).toContain('no playground running');
    expect(stderr).toContain(`${folder} belongs to uid ${STRANGER}, not to you (uid ${VICTIM})`);
  });

  it('runs nothing of another user who exchanges links at every name that can be guessed', async () => {
    const { kubeconfig, text, word } = planted();
    const harmless = path.join(machine.home, 'mine');
    writeFileSync(harmless, '{}');
    chownSync(harmless, VICTIM, VICTIM);
    const names = [
      ownFolder(),
      path.join(machine.temp, `zero-downtime-coffee-shop-playground-${VICTIM}-${process.pid}.json`),
    ];
    // Each name is now a link to something of the victim's, now one to something of the stranger's.
    const program = `const fs = require('fs');
      const at = (name) => ${JSON.stringify(machine.temp)} + '/' + name;
      fs.mkdirSync(at('bad')); fs.chmodSync(at('bad'), 0o755);
      ${write(kubeconfig, text)}
      ${write(path.join(machine.temp, 'word'), word)}
      ${write(path.join(machine.temp, 'bad', `playground-${process.pid}.json`), word)}
      ${write(path.join(machine.temp, 'bad', `playground-${process.pid}.kubeconfig`), text)}
      const targets = [[${JSON.stringify(machine.home)}, at('bad')], [${JSON.stringify(harmless)}, at('word')]];
      let said = false;
      for (let turn = 0; ; turn += 1)
        for (const [index, name] of ${JSON.stringify(names)}.entries()) {
          fs.symlinkSync(targets[index][turn % 2], name + '.next');
          fs.renameSync(name + '.next', name);
          if (turn === 2 && !said) { said = true; console.log('exchanging'); }
        }`;
    const stranger = spawn(process.execPath, ['-e', program], { uid: STRANGER, gid: STRANGER, cwd: '/' });
    try {
      await once(stranger.stdout, 'data');
      for (let run = 1; run <= 5; run += 1) {
        const { code } = await runAs(VICTIM, 'switch', ['status'], machine);
        expect({ run, code, wasRun: existsSync(marker) }).toEqual({ run, code: 2, wasRun: false });
      }
    } finally {
      stranger.kill('SIGKILL');
    }
  }, 120_000);

  it('runs nothing from a compile cache that another user has filled, and tells his socket nothing', async () => {
    // As he would: he compiles the project himself and puts a line of his own before everything.
    const his = path.join(machine.temp, 'his');
    doAs(STRANGER, `require('fs').mkdirSync(${JSON.stringify(his)})`);
    await runAs(STRANGER, 'switch', ['--help'], { env: { ...machine.env, TMPDIR: his } });
    const cache = path.join(machine.temp, `tsx-${VICTIM}`);
    const line = `process.getBuiltinModule('fs').writeFileSync(${JSON.stringify(marker)}, '');`;
    const files = doAs(
      STRANGER,
      `const fs = require('fs'); const from = ${JSON.stringify(path.join(his, `tsx-${STRANGER}`))} + '/', to = ${JSON.stringify(cache)} + '/';
       fs.mkdirSync(to); fs.chmodSync(to, 0o777);
       const names = fs.readdirSync(from).filter((name) => name.includes('-'));
       for (const name of names) {
         const entry = JSON.parse(fs.readFileSync(from + name, 'utf8'));
         fs.writeFileSync(to + name, JSON.stringify({ ...entry, code: ${JSON.stringify(line)} + entry.code }));
       }
       console.log(names.length);`,
    );
    expect(Number(files)).toBeGreaterThan(3);
    let heard = 0;
    const socket = path.join(cache, `${process.pid}.pipe`);
    const server = createServer((connection) => {
      heard += 1;
      connection.destroy();
    }).listen(socket);
    await once(server, 'listening');
    chmodSync(socket, 0o777);
    try {
      const { code, stdout } = await runAs(VICTIM, 'switch', ['--help'], machine);
      expect({ code, heard, wasRun: existsSync(marker) }).toEqual({ code: 0, heard: 0, wasRun: false });
      expect(stdout).toContain('npm run switch');
    } finally {
      server.close();
    }
  }, 120_000);

  it.each([
    ['links to a file of the victim', 'link'],
    ['files that everybody may read and write', 'file'],
  ] as const)(
    'opens its playground although another user has put %s at its names',
    async (_what, kind) => {
      const precious = path.join(machine.home, 'precious');
      writeFileSync(precious, 'precious');
      chownSync(precious, VICTIM, VICTIM);
      const kubeconfig = path.join(machine.temp, 'kubeconfig');
      const args = ['--empty', '--mesh', 'none', '--json', '--kubeconfig', kubeconfig];
      const playground = startAs(VICTIM, 'playground', args, machine);
      const word = path.join(
        machine.temp,
        `zero-downtime-coffee-shop-playground-${VICTIM}-${playground.pid}.json`,
      );
      const names = [ownFolder(), `${word}.draft`, ...(kind === 'link' ? [word] : [])];
      const put = (name: string): string =>
        kind === 'link'
          ? `fs.symlinkSync(${JSON.stringify(precious)}, ${JSON.stringify(name)});`
          : write(name, 'x', 0o666);
      doAs(STRANGER, `const fs = require('fs'); ${names.map(put).join('')}`);
      playground.begin();
      await waitFor(() => playground.output().stdout.includes('\n') || playground.child.exitCode !== null, {
        deadlineMs: 90_000,
        what: 'the playground to be ready',
        lastSeen: () => playground.output().stderr,
      });
      expect(playground.output().stdout).toContain(kubeconfig);
      const token = /token: (\S+)/.exec(readFileSync(kubeconfig, 'utf8'))?.[1] ?? '';
      expect(token.length).toBeGreaterThan(10);
      expect(readableBy(STRANGER, machine.temp).filter((text) => text.includes(token))).toEqual([]);
      expect(readFileSync(precious, 'utf8')).toBe('precious');
      expect(playground.output().stderr).toContain('Other commands will not find this playground');
      playground.child.kill('SIGINT');
      expect(await playground.ended).toBe(130);
      expect(readFileSync(precious, 'utf8')).toBe('precious');
    },
    180_000,
  );

  it('finds its own playground there, which no other user finds or can read', async () => {
    const playground = startAs(VICTIM, 'playground', ['--empty', '--mesh', 'none', '--json'], machine);
    playground.begin();
    await waitFor(() => playground.output().stdout.includes('\n') || playground.child.exitCode !== null, {
      deadlineMs: 90_000,
      what: 'the playground to be ready',
      lastSeen: () => playground.output().stderr,
    });
    const own = await runAs(VICTIM, 'switch', ['status'], machine);
    expect(own.stderr).toContain('there is nothing to switch');
    const others = await runAs(STRANGER, 'switch', ['status'], machine);
    expect(others.stderr).toContain('no playground running');
    expect(readableBy(STRANGER, machine.temp).filter((text) => text.includes('BEGIN'))).toEqual([]);
    playground.child.kill('SIGINT');
    expect(await playground.ended).toBe(130);
    expect(readdirSync(machine.temp).filter((file) => !/^(home|tsx)-/.test(file))).toEqual([]);
  }, 180_000);
});

/** Every file below a folder that this user can read. */
function readableBy(uid: number, folder: string): string[] {
  const program = `const fs = require('fs'); const texts = [];
    const look = (folder) => {
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const at = folder + '/' + entry.name;
        try {
          if (entry.isDirectory()) look(at);
          else if (entry.isFile() && !at.includes('/tsx-')) texts.push(fs.readFileSync(at, 'utf8'));
        } catch {}
      }
    };
    look(${JSON.stringify(folder)});
    console.log(JSON.stringify(texts));`;
  return JSON.parse(doAs(uid, program)) as string[];
}
